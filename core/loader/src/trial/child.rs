//! The child's side of a trial: does what the daemon does when it loads the file and
//! reads a configuration with it, and reports the result in its exit code.

use std::ffi::OsString;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use gantry_api::check::{Check, Outlook, Scopes};
use gantry_api::guard::Home;
use gantry_api::log::{Host, Level, Record};
use gantry_api::{
    AnySettings, Defaults, Descriptor, Directive, Image, Inherits, ScopeAtStart, ScopeKind, ScopeValues, ServerId,
    Value,
};
use gantry_sys::Credentials;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, set_parent_process_death_signal, setrlimit,
};

use super::terms::{LIBRARY, MODULE, REFUSED, SOUND};
use crate::digest::Sha256Sum;
use crate::error::LoadError;
use crate::map::{self, Copy, Keep, Lingering};

/// See [`super::Trial::answer`].
pub(super) fn answer() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let module = match arguments.next()? {
        kind if kind == MODULE => true,
        kind if kind == LIBRARY => false,
        _ => return None,
    };
    let (what, token) = (arguments.next()?, arguments.next()?);
    let libraries: Vec<OsString> = arguments.collect();
    let files = libraries.iter().chain((!module).then_some(&what));
    if files.clone().all(|file| is_open_to_all(Path::new(file))) {
        // Root without the right to has not much to give up.
        let _ = become_nobody();
    }
    settle();
    // Our own handle, because a constructor may close descriptors that it did not open.
    let output = io::stdout().as_fd().try_clone_to_owned();
    for library in &libraries {
        // An error shows up again below, with its message.
        let _ = map::open_library(Path::new(library));
    }
    let done = if module { load(what) } else { map::open_library(Path::new(&what)) };
    // Code that ends the process before this line cannot know the token.
    let said = output.and_then(|output| writeln!(std::fs::File::from(output), "\n{}", token.to_string_lossy()));
    if let Err(error) = said {
        eprintln!("cannot report the end of the trial: {error}");
    }
    // Destructors run after this and are part of the trial.
    Some(ExitCode::from(if done.is_ok() { SOUND } else { REFUSED }))
}

/// Makes a crash of this process harmless.
fn settle() {
    // None of these is essential.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Whether everybody may read a file, so that root is not needed for it.
fn is_open_to_all(file: &Path) -> bool {
    let mode = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.mode());
    mode(file) & 0o004 != 0 && file.ancestors().skip(1).all(|folder| mode(folder) & 0o001 != 0)
}

/// Gives up root, for constructors that nobody has tried yet. What outlives the trial could do
/// nothing with it.
fn become_nobody() -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    gantry_sys::become_user(&Credentials { uid: NOBODY, gid: NOBODY, groups: vec![NOBODY] }, gantry_sys::Keep::Nothing)
}

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

fn load(symbol: OsString) -> Result<(), LoadError> {
    let file = Path::new("standard input");
    let failed = |source| LoadError::Copy { path: file.to_owned(), source };
    let copy = Copy::handed_over(io::stdin().as_fd().try_clone_to_owned().map_err(failed)?);
    let keep = Keep::WhileUsed(Lingering::default(), Sha256Sum::default());
    let mapping = map::Mapping::new(file, copy, &symbol.to_string_lossy(), keep, &Silent)?;
    look_over(mapping.image());
    Ok(())
}

/// Reads everything that the daemon will read, and makes the calls that it makes before
/// a module starts. Panics in them are caught and do not count.
fn look_over(image: &Image) {
    let settings = settings(&image.directives);
    let defaults = Defaults::read(image.directives.iter().copied()).unwrap_or_default();
    for module in image.modules {
        black_box(format!("{}{}{:?}", module.name, module.version, (module.requires, module.after, module.before)));
        for tree in &settings {
            if let Ok(settings) = (module.settings)(&ScopeValues::new(tree, &defaults)) {
                check(module, &*settings);
            }
        }
        drop(black_box((module.create)(Home { module: module.name.into(), runtime: None })));
    }
    black_box(format!("{:?}{:?}{:?}", image.directives, image.commands, image.hooks));
    black_box(format!("{:?}{:?}", image.controls, image.variables));
}

/// Lets a module check settings as those of a server.
fn check(module: &Descriptor, settings: &dyn AnySettings) {
    let scopes = [ScopeAtStart { server: ServerId(0), kind: &ScopeKind::Server, settings }];
    let scopes = Scopes::new(&scopes);
    drop(black_box((module.offers)(&scopes)));
    let mut check = Check::new(scopes, Outlook { modules: &[], variables: &[], refused: &[] });
    drop(black_box((module.check)(&mut check)));
    drop(black_box(check.into_findings()));
}

/// Sample words for directives: most parsers accept one of these and refuse the others,
/// which tests both paths.
const WORDS: [&[&str]; 6] = [&[], &["word"], &["/a", "b"], &["1"], &["on"], &["off"]];

/// Sample settings: an empty one, those that the parsers make of [`WORDS`], and for each
/// kind of value one with every directive. They include an unknown directive, because in
/// a configuration a module also sees the directives of all others.
fn settings(directives: &[&Directive]) -> Vec<Value> {
    let named = |directive: &Directive, value: Value| (directive.name.to_owned(), value);
    let kinds = [
        Value::from("word"),
        Value::Int(1),
        Value::Bool(true),
        Value::list(["word"]),
        Value::None,
        Value::Float(0.5),
        Value::Bytes(vec![1]),
        Value::map([("word", Value::from(true))]),
    ];
    let mut trees = vec![Value::Map(Vec::new())];
    trees.extend(kinds.iter().map(|value| Value::map([("Unknown", value.clone())])));
    for words in WORDS {
        let parsed = directives.iter().filter_map(|directive| Some((directive, (directive.parse)(words).ok()?)));
        let settings = parsed.map(|(directive, value)| match directive.inherits {
            Inherits::Append => named(directive, Value::List(vec![value])),
            Inherits::Sections => named(directive, Value::List(vec![Value::List(vec![value])])),
            Inherits::Replace | Inherits::No => named(directive, value),
        });
        trees.push(Value::Map(settings.collect()));
    }
    for value in kinds {
        trees.push(Value::Map(directives.iter().map(|directive| named(directive, value.clone())).collect()));
        // Also one by one, because settings fail at the first value of a wrong type.
        let alone = directives.iter().map(|directive| Value::Map(vec![named(directive, value.clone())]));
        trees.extend(alone);
    }
    trees
}

/// Discards the image's log lines.
struct Silent;

impl Host for Silent {
    fn enabled(&self, _: Level) -> bool {
        false
    }

    fn log(&self, _: &Record<'_>) {}
}
