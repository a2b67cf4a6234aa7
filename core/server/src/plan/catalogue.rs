//! The modules of one configuration. The set grows line by line while the file is read: it answers
//! the reader's questions and implements LoadModule and the directives like it.

use std::cell::{RefCell, RefMut};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gantry_api::{Descriptor, Directive, Layout, ParseError};
use gantry_config::{Catalogue, Fault, LoadFailure, Node, Position};

use crate::address::resolve;
use crate::generation::images::{ImageRef, Images, by_name, module_name};
use crate::generation::objects::{SharedObjects, Signer};
use crate::plan::changes::Changes;
use crate::plan::check::{self, Modules};
use crate::plan::order::Place;

/// The images that one configuration uses, growing line by line.
pub struct ModuleSet<'a> {
    images: &'a Images,
    changes: Changes,
    kept: HashMap<String, ImageRef>,
    folders: Vec<PathBuf>,
    path_set: bool,
    taken: Vec<ImageRef>,
    /// Lower-case name to image and position within it.
    directives: HashMap<String, (usize, usize)>,
    /// The LoadModule line of each loaded module.
    places: HashMap<String, Position>,
    /// ModuleSigners; `None` if there is no such line.
    signers: Option<Vec<Signer>>,
    /// The first module that was loaded before a ModuleSigners line.
    unchecked: Option<String>,
    /// The directives of all files in some folders, once they have been read.
    installed: RefCell<Option<Installed>>,
}

/// Folders, and the modules and directives in their files.
type Installed = (Vec<PathBuf>, Vec<(String, String)>);

/// A module that operators added and that cannot be used.
#[derive(Debug)]
pub struct Unavailable {
    /// The module.
    pub module: String,
    /// Why.
    pub reason: String,
}

impl<'a> ModuleSet<'a> {
    /// The modules that are linked in, for a configuration without changes by operators.
    pub fn of_configuration(images: &'a Images) -> Self {
        Self::new(images, &Changes::default(), HashMap::new())
    }

    /// The modules that are linked in, without those that operators removed.
    pub fn new(images: &'a Images, changes: &Changes, kept: HashMap<String, ImageRef>) -> Self {
        let mut set = Self {
            images,
            changes: changes.clone(),
            kept,
            folders: images.folders.clone(),
            path_set: false,
            taken: Vec::new(),
            directives: HashMap::new(),
            places: HashMap::new(),
            signers: None,
            unchecked: None,
            installed: RefCell::default(),
        };
        set.take(ImageRef::Linked(images.linked.clone()));
        set
    }

    fn take(&mut self, image: ImageRef) {
        let index = self.taken.len();
        for (at, directive) in image.image().directives.iter().enumerate() {
            if self.changes.is_removed(directive.module) {
                continue;
            }
            self.directives.entry(directive.name.to_ascii_lowercase()).or_insert((index, at));
        }
        self.taken.push(image);
    }

    /// The modules in the order in which they were added. Those of one image are sorted by name,
    /// because the linker's order means nothing.
    pub fn modules(&self) -> impl Iterator<Item = (&ImageRef, &Descriptor)> {
        let all = self.taken.iter();
        let all = all.flat_map(|image| by_name(image.image()).into_iter().map(move |module| (image, module)));
        all.filter(|(_, module)| !self.changes.is_removed(module.name))
    }

    /// The modules for sorting, in the order in which they were added.
    pub fn places(&self) -> Vec<Place<'_>> {
        self.modules().map(|(_, module)| Place::of(module)).collect()
    }

    /// The directives of all of them.
    pub fn directives(&self) -> impl Iterator<Item = &Directive> {
        let all = self.taken.iter().flat_map(|image| image.image().directives.iter().copied());
        all.filter(|directive| !self.changes.is_removed(directive.module))
    }

    /// The folders in which LoadModule looks at this line.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The keys that must have signed module files at this line.
    pub fn signers(&self) -> Option<&[Signer]> {
        self.signers.as_deref()
    }

    /// Adds the modules that operators added, before any line is read, because the configuration
    /// may contain their directives.
    ///
    /// # Errors
    /// The first module that cannot be had.
    pub fn take_inserted(&mut self) -> Result<(), Unavailable> {
        for inserted in self.changes.inserted.clone() {
            let Some(file) = self.changes.inserted_file(&inserted) else { continue };
            let image = match self.kept.get(&inserted.module) {
                Some(kept) => kept.clone(),
                None => {
                    let loaded = self.load_from(file, &inserted.module, inserted.signers.as_deref());
                    loaded.map_err(|failure| Unavailable { module: inserted.module.clone(), reason: failure.reason })?
                }
            };
            self.take(image);
        }
        Ok(())
    }

    /// Checks those modules against ModuleSigners, after all lines have been read.
    ///
    /// # Errors
    /// The first module that may not be used.
    pub fn judge_inserted(&self) -> Result<(), Unavailable> {
        let Some(signers) = &self.signers else { return Ok(()) };
        for inserted in &self.changes.inserted {
            // Modules that are kept were checked when they were read.
            let file = self.changes.inserted_file(inserted).filter(|_| !self.kept.contains_key(&inserted.module));
            let Some(file) = file else { continue };
            let judged = self.load_from(file, &inserted.module, Some(signers));
            judged.map_err(|failure| Unavailable { module: inserted.module.clone(), reason: failure.reason })?;
        }
        Ok(())
    }

    fn load_from(&self, file: &Path, module: &str, signers: Option<&[Signer]>) -> Result<ImageRef, LoadFailure> {
        self.images.objects.load(file, module, signers).map(ImageRef::Loaded)
    }

    /// The LoadModule line of a module; `None` if it is linked in.
    pub fn place(&self, module: &str) -> Option<&Position> {
        self.places.get(module)
    }

    /// Loads a module's file. Returns a notice if it is not where ModulePath says.
    fn load_file(&mut self, module: &str) -> Result<Option<String>, LoadFailure> {
        let mut notice = None;
        let image = match (self.kept.get(module), self.changes.files.get(module)) {
            (Some(kept), _) => kept.clone(),
            (None, Some(file)) => self.load_from(file, module, self.signers.as_deref())?,
            (None, None) => {
                let found = |folders: &[PathBuf]| {
                    let file = self.images.objects.find(module, folders)?;
                    Ok((self.load_from(&file, module, self.signers.as_deref())?, file))
                };
                match found(&self.folders) {
                    // ModulePath is ProFTPD's: Gantry's own module is in Gantry's own folder.
                    Err(failure @ LoadFailure { is_foreign: true, .. }) if self.path_set => {
                        let (image, file) = found(&self.images.folders).map_err(|_| failure)?;
                        notice = Some(format!(
                            "LoadModule: module '{module}' is not in ModulePath: {} is used",
                            file.display()
                        ));
                        image
                    }
                    loaded => loaded?.0,
                }
            }
        };
        self.take(image);
        if self.signers.is_none() && self.unchecked.is_none() {
            self.unchecked = Some(module.to_owned());
        }
        Ok(notice)
    }

    /// The modules and directives of all files in the folders. They are read once for each list of
    /// folders: a forgotten LoadModule makes many directives unknown.
    fn installed(&self) -> RefMut<'_, Vec<(String, String)>> {
        let mut installed = self.installed.borrow_mut();
        if installed.as_ref().is_none_or(|(folders, _)| *folders != self.folders) {
            *installed = None;
        }
        RefMut::map(installed, |known| {
            let look = || (self.folders.clone(), self.images.objects.directives(&self.folders));
            &mut known.get_or_insert_with(look).1
        })
    }

    fn add_signers(&mut self, words: &[&str]) -> Result<Option<String>, ParseError> {
        // This takes effect even if the line has an error, so that nothing below it is loaded by
        // mistake.
        let signers = self.signers.get_or_insert_default();
        for word in words {
            let keys = self.images.objects.signers(word);
            signers.extend(keys.map_err(|failure| ParseError::new(failure.reason).at(word))?);
        }
        if words.is_empty() {
            return Err("missing parameters".into());
        }
        let Some(module) = &self.unchecked else { return Ok(None) };
        let place = self.place(module).map(|place| format!(" (on {place})")).unwrap_or_default();
        Err(ParseError::new(format!(
            "module '{module}' was loaded above this line{place} without a signature check: \
             ModuleSigners must be above every LoadModule line"
        )))
    }
}

impl Catalogue for ModuleSet<'_> {
    fn directive(&self, name: &str) -> Option<&Directive> {
        let (image, at) = self.directives.get(&name.to_ascii_lowercase())?;
        self.taken[*image].image().directives.get(*at).copied()
    }

    fn has_module(&self, name: &str) -> bool {
        let name = module_name(name);
        self.modules().any(|(_, module)| module.name == name)
    }

    fn load(&mut self, name: &str, at: &Position) -> Result<Option<String>, LoadFailure> {
        let module = module_name(name);
        if self.changes.is_removed(module) {
            return Ok(Some(format!("LoadModule: module '{module}' was removed (rmmod)")));
        }
        let there = self.modules().find(|(_, found)| found.name == module).map(|(image, _)| image.layout());
        match there {
            Some(Layout::Linked) => {
                return Ok(Some(format!("LoadModule: module '{module}' is linked in: nothing to load")));
            }
            Some(Layout::Loaded) => return Ok(Some(format!("LoadModule: module '{module}' is loaded already"))),
            None => {}
        }
        let notice = self.load_file(module)?;
        self.places.insert(module.to_owned(), at.clone());
        Ok(notice)
    }

    fn module_path(&mut self, path: &Path) -> Result<(), ParseError> {
        if !path.is_dir() {
            return Err(ParseError::of(&path.to_string_lossy(), "is not a directory"));
        }
        // The first ModulePath replaces the built-in folders; further ones
        // are searched as well.
        if !std::mem::replace(&mut self.path_set, true) {
            self.folders.clear();
        }
        self.folders.push(path.to_owned());
        Ok(())
    }

    fn act(&mut self, directive: &str, words: &[&str], _at: &Position) -> Result<Option<String>, ParseError> {
        match (directive, words) {
            ("LoadFile", [path]) => {
                let loaded = self.images.objects.load_library(Path::new(path));
                loaded.map_err(|failure| ParseError::new(failure.reason).at(path))
            }
            ("ModuleSigners", words) => self.add_signers(words),
            _ => Ok(None),
        }
    }

    fn address(&self, name: &str) -> Result<(), ParseError> {
        resolve(name, 0).map(drop).map_err(ParseError::from)
    }

    fn check(&self, tree: &[Node], overrides: &[&Node]) -> Vec<Fault> {
        let line = |module: &str| self.place(module).cloned();
        check::faults(&Modules { places: self.places(), line: &line }, tree, overrides)
    }

    fn provider(&self, directive: &str) -> Option<String> {
        let found = self.installed();
        found.iter().find(|(_, name)| name.eq_ignore_ascii_case(directive)).map(|(module, _)| module.clone())
    }

    fn installed_names(&self) -> Vec<String> {
        self.installed().iter().map(|(_, name)| name.clone()).collect()
    }

    fn leaves_out(&self, module: &str) -> bool {
        self.images.known.contains(&module)
    }

    fn taken_out(&self, directive: &str) -> Option<String> {
        self.changes.remover(directive).map(str::to_owned)
    }

    fn directive_names(&self) -> Vec<String> {
        self.directives().map(|directive| directive.name.to_owned()).collect()
    }
}
