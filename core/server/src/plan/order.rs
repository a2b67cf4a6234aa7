//! The order of modules: a stable topological sort of their declarations; ties keep the order in
//! which they were linked or loaded. ModuleOrder overrides `before`, `after` and `last`, but not
//! `requires`.

use thiserror::Error;

/// A module's declarations about its place.
#[derive(Debug, Clone, Default)]
pub struct Place<'a> {
    /// Its name.
    pub name: &'a str,
    /// Modules that must be loaded, and come before it.
    pub requires: &'a [&'a str],
    /// Modules that come before it if they are loaded.
    pub after: &'a [&'a str],
    /// Modules that come after it if they are loaded.
    pub before: &'a [&'a str],
    /// Whether it comes after all modules that are not last themselves.
    pub last: bool,
}

impl<'a> Place<'a> {
    /// The declarations of a module's descriptor.
    pub fn of(module: &'a gantry_api::Descriptor) -> Self {
        let gantry_api::Descriptor { name, requires, after, before, last, .. } = module;
        Self { name, requires, after, before, last: *last }
    }
}

/// Modules in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Indices into the given places.
    pub positions: Vec<usize>,
    /// The declarations that ModuleOrder overrides, one sentence each.
    pub overridden: Vec<String>,
}

/// Why there is no order.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OrderError {
    /// A required module is missing.
    #[error("{module} requires {missing}, which is not loaded: add the line 'LoadModule {missing}.c'")]
    Missing {
        /// The module that requires it.
        module: String,
        /// The required module.
        missing: String,
    },
    /// The declarations form a cycle.
    #[error(
        "these modules form a cycle; each declares that it comes before the next: {}; leave one of them out, or set their order with ModuleOrder",
        .0.join(" -> ")
    )]
    Cycle(Vec<String>),
    /// ModuleOrder lists a module that is not loaded.
    #[error("ModuleOrder: module {0} is not loaded: add the line 'LoadModule {0}.c', or leave it out")]
    Unknown(String),
    /// ModuleOrder lists a module twice.
    #[error("ModuleOrder: {0} is listed twice")]
    Twice(String),
    /// ModuleOrder puts a module before one that it requires.
    #[error("ModuleOrder: {module} requires {required}, which must come before it")]
    Required {
        /// The module that requires it.
        module: String,
        /// The required module.
        required: String,
    },
}

impl OrderError {
    /// The modules whose lines the error is about, unless it is about ModuleOrder.
    pub fn modules(&self) -> &[String] {
        match self {
            Self::Missing { module, .. } => std::slice::from_ref(module),
            Self::Cycle(modules) => modules,
            Self::Unknown(_) | Self::Twice(_) | Self::Required { .. } => &[],
        }
    }
}

impl OrderError {
    /// The names of all modules in the error.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Missing { module, missing: other } | Self::Required { module, required: other } => {
                vec![module, other]
            }
            Self::Cycle(modules) => modules.iter().map(String::as_str).collect(),
            Self::Unknown(module) | Self::Twice(module) => vec![module],
        }
    }

    /// The word of ModuleOrder that is wrong.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Unknown(name) | Self::Twice(name) | Self::Required { module: name, .. } => Some(name),
            Self::Missing { .. } | Self::Cycle(_) => None,
        }
    }
}

/// Why one module comes before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The later one requires the earlier.
    Requires,
    /// The later one declares `after`.
    After,
    /// The earlier one declares `before`.
    Before,
    /// The later one declares `last`.
    Last,
    /// ModuleOrder lists them so.
    Ordered,
}

/// Sorts `places`; `wanted` are the names that ModuleOrder lists.
pub fn order(places: &[Place<'_>], wanted: &[&str]) -> Result<Order, OrderError> {
    let mut graph = Graph::new(places, wanted)?;
    let mut overridden = Vec::new();
    loop {
        let placed = match graph.sorted() {
            Ok(positions) => return Ok(Order { positions, overridden }),
            Err(placed) => placed,
        };
        let Some(circle) = graph.circle_by_order() else { return Err(graph.circle(&placed)) };
        overridden.push(graph.give_way(&circle)?);
    }
}

/// Which places come before which.
struct Graph<'p> {
    places: &'p [Place<'p>],
    /// For each place: the earlier ones, and why.
    earlier: Vec<Vec<(usize, Reason)>>,
}

impl<'p> Graph<'p> {
    fn new(places: &'p [Place<'p>], wanted: &[&str]) -> Result<Self, OrderError> {
        let position = |name: &str| places.iter().position(|place| place.name == name);
        let mut earlier: Vec<Vec<(usize, Reason)>> = vec![Vec::new(); places.len()];
        for (at, place) in places.iter().enumerate() {
            for name in place.requires {
                let missing = || OrderError::Missing { module: place.name.to_owned(), missing: (*name).to_owned() };
                earlier[at].push((position(name).ok_or_else(missing)?, Reason::Requires));
            }
            earlier[at].extend(place.after.iter().filter_map(|name| Some((position(name)?, Reason::After))));
            for later in place.before.iter().filter_map(|name| position(name)) {
                earlier[later].push((at, Reason::Before));
            }
            if place.last {
                let others = (0..places.len()).filter(|other| !places[*other].last);
                earlier[at].extend(others.map(|other| (other, Reason::Last)));
            }
        }
        let mut listed: Vec<usize> = Vec::with_capacity(wanted.len());
        for name in wanted {
            let at = position(name).ok_or_else(|| OrderError::Unknown((*name).to_owned()))?;
            if listed.contains(&at) {
                return Err(OrderError::Twice((*name).to_owned()));
            }
            earlier[at].extend(listed.last().map(|before| (*before, Reason::Ordered)));
            listed.push(at);
        }
        Ok(Self { places, earlier })
    }

    /// The places in order, or else which of them could be placed.
    fn sorted(&self) -> Result<Vec<usize>, Vec<bool>> {
        let mut ordered = Vec::with_capacity(self.places.len());
        let mut placed = vec![false; self.places.len()];
        while ordered.len() < self.places.len() {
            let free = |at: &usize| !placed[*at] && self.earlier[*at].iter().all(|(other, _)| placed[*other]);
            let Some(next) = (0..self.places.len()).find(free) else { return Err(placed) };
            placed[next] = true;
            ordered.push(next);
        }
        Ok(ordered)
    }

    /// One cycle among those that could not be placed.
    fn circle(&self, placed: &[bool]) -> OrderError {
        let mut path = Vec::new();
        let mut at = placed.iter().position(|placed| !placed);
        while let Some(here) = at {
            if let Some(start) = path.iter().position(|seen| *seen == here) {
                path.drain(..start);
                path.push(here);
                break;
            }
            path.push(here);
            at = self.earlier[here].iter().map(|(other, _)| *other).find(|other| !placed[*other]);
        }
        OrderError::Cycle(path.iter().rev().map(|at| self.places[*at].name.to_owned()).collect())
    }

    /// A cycle that involves ModuleOrder: each place comes before the previous one in the list, and
    /// the last one before itself.
    fn circle_by_order(&self) -> Option<Vec<usize>> {
        let steps = self.earlier.iter().enumerate().flat_map(|(later, earlier)| {
            let ordered = earlier.iter().filter(|(_, reason)| *reason == Reason::Ordered);
            ordered.map(move |(earlier, _)| (later, *earlier))
        });
        steps.into_iter().find_map(|(later, earlier)| self.path(later, earlier))
    }

    /// A path from `later` through `earlier` and its predecessors back to `later`.
    fn path(&self, later: usize, earlier: usize) -> Option<Vec<usize>> {
        let mut from: Vec<Option<usize>> = vec![None; self.places.len()];
        from[earlier] = Some(later);
        let mut next = vec![earlier];
        while let Some(here) = next.pop() {
            if here == later {
                break;
            }
            for (other, _) in &self.earlier[here] {
                if from[*other].is_none() {
                    from[*other] = Some(here);
                    next.push(*other);
                }
            }
        }
        let mut path = vec![from[later]?];
        while let Some(here) = path.last().copied().filter(|here| *here != later) {
            path.push(from[here]?);
        }
        path.reverse();
        Some(path)
    }

    /// Drops a declaration that forms a cycle with ModuleOrder, and describes it.
    fn give_way(&mut self, circle: &[usize]) -> Result<String, OrderError> {
        // (later, earlier), around the cycle.
        let steps: Vec<(usize, usize)> = circle.iter().copied().zip(circle.iter().copied().cycle().skip(1)).collect();
        let has = |(later, earlier): (usize, usize), wanted: Reason| self.earlier[later].contains(&(earlier, wanted));
        let gives_way = |step: &&(usize, usize)| !has(**step, Reason::Ordered) && !has(**step, Reason::Requires);
        let Some(&(later, earlier)) = steps.iter().find(gives_way) else {
            // Only requirements override ModuleOrder.
            let against = steps.iter().find(|step| !has(**step, Reason::Ordered)).or(steps.first());
            let (module, required) = against.map_or((0, 0), |step| *step);
            let name = |at: usize| self.places[at].name.to_owned();
            return Err(OrderError::Required { module: name(module), required: name(required) });
        };
        let (later_name, earlier_name) = (self.places[later].name, self.places[earlier].name);
        let wish = match self.earlier[later].iter().find(|(other, _)| *other == earlier) {
            Some((_, Reason::Before)) => format!("{earlier_name} declares that it comes before {later_name}"),
            Some((_, Reason::Last)) => format!("{later_name} declares that it comes last, after {earlier_name}"),
            _ => format!("{later_name} declares that it comes after {earlier_name}"),
        };
        self.earlier[later].retain(|(other, _)| *other != earlier);
        Ok(format!("ModuleOrder overrides a declaration: {wish}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(places: &[Place<'static>]) -> Result<Vec<&'static str>, OrderError> {
        Ok(order(places, &[])?.positions.into_iter().map(|at| places[at].name).collect())
    }

    fn place(name: &'static str) -> Place<'static> {
        Place { name, ..Place::default() }
    }

    #[test]
    fn ties_keep_their_order() {
        assert_eq!(names(&[place("b"), place("a")]), Ok(vec!["b", "a"]));
    }

    #[test]
    fn wishes_are_kept() {
        let places = [
            Place { last: true, ..place("log") },
            Place { after: &["c", "absent"], ..place("a") },
            Place { requires: &["a"], ..place("b") },
            Place { before: &["c"], ..place("d") },
            place("c"),
        ];
        assert_eq!(names(&places), Ok(vec!["d", "c", "a", "b", "log"]));
    }

    #[test]
    fn a_missing_module_is_named() {
        let error = names(&[Place { requires: &["mod_sql"], ..place("mod_quota") }]).unwrap_err();
        assert!(error.to_string().contains("LoadModule mod_sql.c"));
    }

    #[test]
    fn a_circle_is_named() {
        let places = [Place { after: &["b"], ..place("a") }, Place { after: &["a"], ..place("b") }];
        assert_eq!(names(&places), Err(OrderError::Cycle(vec!["a".into(), "b".into(), "a".into()])));
    }

    fn ordered(places: &[Place<'static>], wanted: &[&str]) -> Result<(Vec<&'static str>, usize), OrderError> {
        let found = order(places, wanted)?;
        Ok((found.positions.iter().map(|at| places[*at].name).collect(), found.overridden.len()))
    }

    #[test]
    fn the_order_that_is_wanted_goes_before_wishes() {
        let places = [
            place("a"),
            Place { after: &["a"], ..place("b") },
            Place { before: &["a"], ..place("c") },
            Place { last: true, ..place("d") },
        ];
        assert_eq!(ordered(&places, &[]), Ok((vec!["c", "a", "b", "d"], 0)));
        assert_eq!(ordered(&places, &["b", "a"]), Ok((vec!["b", "c", "a", "d"], 1)));
        assert_eq!(ordered(&places, &["a", "c"]), Ok((vec!["a", "b", "c", "d"], 1)));
        assert_eq!(ordered(&places, &["d", "a", "b", "c"]), Ok((vec!["d", "a", "b", "c"], 4)));
        assert!(
            order(&places, &["d", "a"])
                .unwrap()
                .overridden
                .iter()
                .any(|text| text.contains("d declares that it comes last"))
        );
        // First try a declaration of a module that is not listed.
        let chain = [place("a"), Place { after: &["a"], ..place("x") }, Place { after: &["x"], ..place("b") }];
        assert_eq!(ordered(&chain, &["b", "a"]), Ok((vec!["b", "a", "x"], 1)));
    }

    #[test]
    fn the_order_that_is_wanted_breaks_no_requirement() {
        let places = [place("a"), Place { requires: &["a"], ..place("b") }, Place { requires: &["b"], ..place("c") }];
        let required = |module: &str, required: &str| {
            Err(OrderError::Required { module: module.to_owned(), required: required.to_owned() })
        };
        assert_eq!(ordered(&places, &["b", "a"]), required("b", "a"));
        assert!(matches!(ordered(&places, &["c", "a"]), Err(OrderError::Required { .. })));
        assert_eq!(ordered(&places, &["a", "c"]), Ok((vec!["a", "b", "c"], 0)));
    }

    #[test]
    fn the_order_that_is_wanted_breaks_a_circle() {
        let places = [Place { after: &["b"], ..place("a") }, Place { after: &["a"], ..place("b") }];
        assert_eq!(ordered(&places, &["b", "a"]), Ok((vec!["b", "a"], 1)));
        // A longer cycle, which it orders differently.
        let places = [
            place("core"),
            Place { after: &["core"], ..place("auth") },
            Place { after: &["auth"], before: &["core"], ..place("round") },
        ];
        assert!(matches!(ordered(&places, &[]), Err(OrderError::Cycle(_))));
        assert_eq!(ordered(&places, &["core", "round"]), Ok((vec!["core", "auth", "round"], 1)));
        // A cycle that it does not mention.
        assert!(matches!(ordered(&places, &["auth"]), Err(OrderError::Cycle(_))));
    }

    #[test]
    fn a_wrong_name_in_the_order_is_named() {
        assert_eq!(ordered(&[place("a")], &["b"]), Err(OrderError::Unknown("b".into())));
        assert_eq!(ordered(&[place("a")], &["a", "a"]), Err(OrderError::Twice("a".into())));
    }
}
