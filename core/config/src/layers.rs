//! Layers: the settings and limits of one section each, and the only function that merges them to a
//! scope. The configuration's scopes are merged while it is read; those of `.ftpaccess` files and
//! of sections for users, groups and classes while the server runs. figment merges the numbers of
//! settings and not their values, so that a merged setting still knows its line, and a setting that
//! is itself a map is never merged with another.

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

/// The directives of which a section's last line counts, as in ProFTPD; of all others the first
/// line counts.
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

/// A section's own settings and limits.
#[derive(Debug, PartialEq)]
pub struct Layer {
    reach: Reach,
    settings: Vec<Setting>,
    limits: Arc<[Limit]>,
    position: Position,
    cost: usize,
}

/// Where a layer applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the whole session: layers of servers and `<Anonymous>` sections.
    Session,
    /// To the whole session, replacing what is below: lists are not continued. Layers of the
    /// environment and the command line.
    Override,
    /// To a folder: layers of `<Directory>` sections and `.ftpaccess` files. Settings that are not
    /// inherited do not reach it.
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
    /// The settings and limits among some nodes; other nodes are ignored.
    pub(crate) fn new(reach: Reach, nodes: &[&Node], position: &Position) -> Arc<Self> {
        let settings = nodes.iter().filter(|node| !Limit::is_plain(node)).filter_map(|node| Setting::of(node));
        let (settings, limits) = (settings.collect(), limits(nodes));
        Arc::new(Self { reach, settings, limits, position: position.clone(), cost: 0 })
    }

    /// For a `.ftpaccess` file that uses about `cost` bytes of memory.
    pub(crate) fn of_file(nodes: &[&Node], position: &Position, cost: usize) -> Arc<Self> {
        let mut layer = Self::new(Reach::Folder, nodes, position);
        if let Some(layer) = Arc::get_mut(&mut layer) {
            layer.cost = cost;
        }
        layer
    }

    /// The most bytes of memory that it uses beyond the configuration, roughly; 0 if it is part of
    /// the configuration.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// Its limits.
    pub fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.limits.iter()
    }

    /// Whether the first of several lines counts.
    fn keeps_first(&self, name: &str) -> bool {
        self.reach != Reach::Override && !LAST_COUNTS.contains(&name)
    }

    /// The numbers of its settings for figment, as the layer with index `at`: one number per name,
    /// or a list if every line of a setting counts.
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

/// Whether to include settings that inner scopes do not inherit.
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

/// The section's own limits. AllowAll and DenyAll outside a `<Limit>` come last, because their
/// refusal overrides the `<Limit>` sections.
fn limits(nodes: &[&Node]) -> Arc<[Limit]> {
    let sections = nodes.iter().filter_map(|node| Limit::of_section(node, node.section(SectionKind::Limit)?));
    sections.chain(nodes.iter().filter_map(|node| Limit::plain(node))).collect()
}

/// Layers, from the outermost in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers(Vec<Arc<Layer>>);

/// Identifies layers in maps, as long as the layers live.
pub type LayersKey = Box<[usize]>;

impl Layers {
    /// These layers and an inner one.
    #[must_use]
    pub fn with(&self, inner: &Arc<Layer>) -> Self {
        Self(self.0.iter().chain([inner]).cloned().collect())
    }

    /// These layers, and those of `inner` that are not in `outer`.
    #[must_use]
    pub fn with_beyond(&self, inner: &Self, outer: &Self) -> Self {
        let beyond = inner.0.iter().filter(|layer| !outer.0.iter().any(|other| Arc::ptr_eq(layer, other)));
        Self(self.0.iter().chain(beyond).cloned().collect())
    }

    /// Their key.
    pub fn key(&self) -> LayersKey {
        self.0.iter().map(|layer| Arc::as_ptr(layer).addr()).collect()
    }

    /// The innermost one.
    pub fn innermost(&self) -> Option<&Arc<Layer>> {
        self.0.last()
    }

    /// All their limits, outermost first.
    pub fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.0.iter().flat_map(|layer| layer.limits.iter())
    }

    /// Merges them to a scope.
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

    /// The lines that make a directive's value in their scope: one, or one for each entry of a
    /// list. Empty if no line sets it.
    pub fn lines(&self, directive: &str) -> Vec<Position> {
        let merged = self.merged();
        let numbers = match merged.get(directive) {
            Some(Merged::Array(_, numbers)) => numbers.as_slice(),
            Some(number) => slice::from_ref(number),
            None => &[],
        };
        numbers.iter().filter_map(|number| Some(self.setting(number)?.position.clone())).collect()
    }

    /// The numbers of the settings of their scope.
    fn merged(&self) -> Dict {
        let in_folder = self.innermost().is_some_and(|layer| layer.reach == Reach::Folder);
        let merged = self.0.iter().enumerate().fold(Figment::new(), |merged, (at, layer)| {
            let hidden = in_folder && at + 1 < self.0.len();
            let numbers = Numbers(layer.numbers(at, if hidden { Own::Hidden } else { Own::Counts }));
            if layer.reach == Reach::Override { merged.merge(numbers) } else { merged.admerge(numbers) }
        });
        // Our providers never fail, so neither does merging them.
        merged.data().unwrap_or_default().remove(&Profile::Default).unwrap_or_default()
    }

    /// The position where the innermost layer begins.
    pub fn position(&self) -> Position {
        let begins = self.0.iter().rev().find(|layer| layer.reach != Reach::Override);
        begins.map_or_else(|| Position::in_file(std::path::Path::new(""), 1, 1), |layer| layer.position.clone())
    }

    fn setting(&self, number: &Merged) -> Option<&Setting> {
        self.line(number).map(|(_, setting)| setting)
    }

    /// A setting, and the index of its layer.
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

    /// The position of the last line of a merged setting.
    fn place(&self, numbers: &Merged) -> Option<&Position> {
        let last = match numbers {
            Merged::Array(_, numbers) => numbers.last()?,
            number => number,
        };
        Some(&self.setting(last)?.position)
    }
}

/// The values of a setting's lines, in one list per layer.
fn sections(lines: &[(usize, &Setting)]) -> Vec<Value> {
    let layers = lines.chunk_by(|(one, _), (next, _)| one == next);
    layers.map(|lines| Value::List(lines.iter().map(|(_, setting)| setting.value.clone()).collect())).collect()
}

impl FromIterator<Arc<Layer>> for Layers {
    fn from_iter<I: IntoIterator<Item = Arc<Layer>>>(layers: I) -> Self {
        Self(layers.into_iter().collect())
    }
}

/// A setting in one of several layers.
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
