//! Layers: what stands in one section each, and the one door at which they become
//! a scope. The configuration's own scopes are merged here while it is read, those
//! of `.ftpaccess` files and of sections that wait for a person while the server
//! runs. figment merges; what it merges are the numbers of settings, so that a
//! merged setting still knows its place, and a setting that is itself a map is
//! never mixed with another.

use std::slice;
use std::sync::Arc;

use figment::value::{Dict, Map, Value as Merged};
use figment::{Figment, Metadata, Profile, Provider};
use gantry_api::{Inherits, Value};

use crate::limit::Limit;
use crate::limits::Limits;
use crate::position::Position;
use crate::scope::Scope;
use crate::section::SectionKind;
use crate::tree::{Content, Node};

/// The directives of which the last line of a section counts, as in ProFTPD; of all others it
/// is the first.
pub(crate) const LAST_COUNTS: [&str; 8] = [
    "MaxConnectionRate",
    "MaxInstances",
    "Port",
    "ServerAdmin",
    "ServerName",
    "ServerType",
    "UseIPv6",
    "UseReverseDNS",
];

/// What stands in one section itself.
#[derive(Debug, PartialEq)]
pub struct Layer {
    reach: Reach,
    settings: Vec<Setting>,
    limits: Arc<[Limit]>,
    position: Position,
    cost: usize,
}

/// Where a layer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Throughout a session: a server's, an `<Anonymous>`'s.
    Session,
    /// Throughout a session, in place of what is below it: lists are replaced and
    /// not continued. The environment's and the command line's.
    Override,
    /// In a folder: a `<Directory>`'s or a `.ftpaccess` file's. What is not
    /// inherited does not reach it.
    Folder,
}

#[derive(Debug, PartialEq)]
struct Setting {
    name: String,
    value: Value,
    inherits: Inherits,
    position: Position,
}

impl Layer {
    /// The settings and limits among some nodes; other nodes are no part of it.
    pub(crate) fn new(reach: Reach, nodes: &[&Node], position: &Position) -> Arc<Self> {
        let settings = nodes.iter().filter(|node| !Limit::is_plain(node)).filter_map(|node| Setting::of(node));
        let (settings, limits) = (settings.collect(), limits(nodes));
        Arc::new(Self { reach, settings, limits, position: position.clone(), cost: 0 })
    }

    /// What stands in a `.ftpaccess` file, which costs about so many bytes of memory.
    pub(crate) fn of_file(nodes: &[&Node], position: &Position, cost: usize) -> Arc<Self> {
        let mut layer = Self::new(Reach::Folder, nodes, position);
        if let Some(layer) = Arc::get_mut(&mut layer) {
            layer.cost = cost;
        }
        layer
    }

    /// About how many bytes of memory it costs at most beyond the configuration; 0 for
    /// what is a part of that.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// The limits that stand in it.
    pub fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter()
    }

    /// Whether the first of several lines counts.
    fn keeps_first(&self, name: &str) -> bool {
        self.reach != Reach::Override && !LAST_COUNTS.contains(&name)
    }

    /// The numbers of its settings for figment, as the layer at a place among others:
    /// a number by name, or a list of them where each line of a setting counts.
    fn numbers(&self, at: usize, own: Own) -> Dict {
        let mut numbers = Dict::new();
        for (number, setting) in self.settings.iter().enumerate() {
            let number = Number { layer: at, setting: number };
            match setting.inherits {
                Inherits::No if own == Own::Hidden => {}
                Inherits::No | Inherits::Replace if self.keeps_first(&setting.name) => {
                    numbers.entry(setting.name.clone()).or_insert_with(|| number.into());
                }
                Inherits::No | Inherits::Replace => drop(numbers.insert(setting.name.clone(), number.into())),
                Inherits::Append | Inherits::Sections => match numbers.get_mut(&setting.name) {
                    Some(Merged::Array(_, list)) => list.push(number.into()),
                    _ => drop(numbers.insert(setting.name.clone(), vec![Merged::from(number)].into())),
                },
            }
        }
        numbers
    }
}

/// Whether what inner scopes do not inherit counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Counts,
    Hidden,
}

impl Setting {
    fn of(node: &Node) -> Option<Self> {
        let Content::Setting { value, inherits } = &node.content else { return None };
        let (name, position) = (node.name.clone(), node.position.clone());
        Some(Self { name, value: value.clone(), inherits: *inherits, position })
    }
}

/// The limits that stand in a section itself. AllowAll and DenyAll outside a
/// `<Limit>` come last, so that their refusal counts more than the sections do.
fn limits(nodes: &[&Node]) -> Arc<[Limit]> {
    let sections = nodes.iter().filter_map(|node| Limit::of_section(node, node.section(SectionKind::Limit)?));
    sections.chain(nodes.iter().filter_map(|node| Limit::plain(node))).collect()
}

/// Some layers, from the outermost in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers(Vec<Arc<Layer>>);

/// Which layers these are, for maps. It tells layers apart as long as they live.
pub type LayersKey = Box<[usize]>;

impl Layers {
    /// The same with one further in.
    #[must_use]
    pub fn with(&self, inner: &Arc<Layer>) -> Self {
        Self(self.0.iter().chain([inner]).cloned().collect())
    }

    /// The same with those of `inner` that are not among `outer`.
    #[must_use]
    pub fn with_beyond(&self, inner: &Self, outer: &Self) -> Self {
        let beyond = inner.0.iter().filter(|layer| !outer.0.iter().any(|other| Arc::ptr_eq(layer, other)));
        Self(self.0.iter().chain(beyond).cloned().collect())
    }

    /// Which these are.
    pub fn key(&self) -> LayersKey {
        self.0.iter().map(|layer| Arc::as_ptr(layer).addr()).collect()
    }

    /// The innermost one.
    pub fn innermost(&self) -> Option<&Arc<Layer>> {
        self.0.last()
    }

    /// The limits that hold where all of them do, outermost first.
    pub fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.0.iter().flat_map(|layer| layer.limits.iter())
    }

    /// What holds where all of them do.
    pub fn scope(&self) -> Scope {
        let merged = self.merged();
        let mut limits = Limits::default();
        self.0.iter().for_each(|layer| limits.extend(Arc::clone(&layer.limits)));
        let (mut settings, mut places) = (Vec::with_capacity(merged.len()), Vec::with_capacity(merged.len()));
        for (name, numbers) in &merged {
            let (Some(value), Some(place)) = (self.value(numbers), self.place(numbers)) else { continue };
            settings.push((name.clone(), value));
            places.push(place.clone());
        }
        Scope { settings: Value::Map(settings), limits, position: self.position(), places }
    }

    /// The lines that make a directive's value where all of them hold: one, or as many as
    /// its list has entries. Empty if no line sets it.
    pub fn lines(&self, directive: &str) -> Vec<Position> {
        let merged = self.merged();
        let numbers = match merged.get(directive) {
            Some(Merged::Array(_, numbers)) => numbers.as_slice(),
            Some(number) => slice::from_ref(number),
            None => &[],
        };
        numbers.iter().filter_map(|number| Some(self.setting(number)?.position.clone())).collect()
    }

    /// The numbers of the settings that hold where all of them do.
    fn merged(&self) -> Dict {
        let in_folder = self.innermost().is_some_and(|layer| layer.reach == Reach::Folder);
        let merged = self.0.iter().enumerate().fold(Figment::new(), |merged, (at, layer)| {
            let hidden = in_folder && at + 1 < self.0.len();
            let numbers = Numbers(layer.numbers(at, if hidden { Own::Hidden } else { Own::Counts }));
            if layer.reach == Reach::Override { merged.merge(numbers) } else { merged.admerge(numbers) }
        });
        // Providers of ours do not fail, so neither does what is merged of them.
        merged.data().unwrap_or_default().remove(&Profile::Default).unwrap_or_default()
    }

    /// The place where the innermost of them begins.
    pub fn position(&self) -> Position {
        let begins = self.0.iter().rev().find(|layer| layer.reach != Reach::Override);
        begins.map_or_else(|| Position::in_file(std::path::Path::new(""), 1, 1), |layer| layer.position.clone())
    }

    fn setting(&self, number: &Merged) -> Option<&Setting> {
        self.line(number).map(|(_, setting)| setting)
    }

    /// A setting, and which of the layers it is in.
    fn line(&self, number: &Merged) -> Option<(usize, &Setting)> {
        let Number { layer, setting } = Number::of(number)?;
        Some((layer, self.0.get(layer)?.settings.get(setting)?))
    }

    fn value(&self, numbers: &Merged) -> Option<Value> {
        match numbers {
            Merged::Array(_, numbers) => {
                let lines: Vec<_> = numbers.iter().filter_map(|number| self.line(number)).collect();
                Some(Value::List(match lines.first() {
                    Some((_, first)) if first.inherits == Inherits::Sections => sections(&lines),
                    _ => lines.iter().map(|(_, setting)| setting.value.clone()).collect(),
                }))
            }
            number => Some(self.setting(number)?.value.clone()),
        }
    }

    /// Where the last setting of a merged one stands.
    fn place(&self, numbers: &Merged) -> Option<&Position> {
        let last = match numbers {
            Merged::Array(_, numbers) => numbers.last()?,
            number => number,
        };
        Some(&self.setting(last)?.position)
    }
}

/// The values of a setting's lines, those of each layer in a list of their own.
fn sections(lines: &[(usize, &Setting)]) -> Vec<Value> {
    let layers = lines.chunk_by(|(one, _), (next, _)| one == next);
    layers.map(|lines| Value::List(lines.iter().map(|(_, setting)| setting.value.clone()).collect())).collect()
}

impl FromIterator<Arc<Layer>> for Layers {
    fn from_iter<I: IntoIterator<Item = Arc<Layer>>>(layers: I) -> Self {
        Self(layers.into_iter().collect())
    }
}

/// One setting of one of some layers.
struct Number {
    layer: usize,
    setting: usize,
}

impl Number {
    const BITS: u32 = 32;

    fn of(merged: &Merged) -> Option<Self> {
        let number = u64::try_from(merged.to_u128()?).ok()?;
        let setting = usize::try_from(number & u64::from(u32::MAX)).ok()?;
        Some(Self { layer: usize::try_from(number >> Self::BITS).ok()?, setting })
    }
}

impl From<Number> for Merged {
    fn from(Number { layer, setting }: Number) -> Self {
        Self::from((layer as u64) << Number::BITS | setting as u64)
    }
}

/// A layer's numbers, for figment.
struct Numbers(Dict);

impl Provider for Numbers {
    fn metadata(&self) -> Metadata {
        Metadata::named("layer")
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}
