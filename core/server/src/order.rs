//! The order of modules: the stable topological sort of what they say of each
//! other, ties by the order in which they were linked or loaded.

use thiserror::Error;

/// What a module says of its place.
#[derive(Debug, Clone, Default)]
pub struct Place<'a> {
    /// Its name.
    pub name: &'a str,
    /// Must be there, and come before it.
    pub requires: &'a [&'a str],
    /// Come before it where they are there.
    pub after: &'a [&'a str],
    /// Come behind it where they are there.
    pub before: &'a [&'a str],
    /// Comes behind all that are not last themselves.
    pub last: bool,
}

/// Why there is no order.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OrderError {
    /// A required module is missing.
    #[error(
        "{module} requires {missing}, which is not there: add the line 'LoadModule {missing}.c' above 'LoadModule {module}.c'"
    )]
    Missing {
        /// Who requires.
        module: String,
        /// What is required.
        missing: String,
    },
    /// The modules' wishes go round in a circle.
    #[error("these modules each want to come before the next: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
}

/// The positions of `places` in order.
pub fn order(places: &[Place<'_>]) -> Result<Vec<usize>, OrderError> {
    let position = |name: &str| places.iter().position(|place| place.name == name);
    for place in places {
        if let Some(missing) = place.requires.iter().find(|name| position(name).is_none()) {
            return Err(OrderError::Missing { module: place.name.to_owned(), missing: (*missing).to_owned() });
        }
    }
    let mut earlier: Vec<Vec<usize>> = places
        .iter()
        .map(|place| place.requires.iter().chain(place.after).filter_map(|name| position(name)).collect())
        .collect();
    for (at, place) in places.iter().enumerate() {
        for later in place.before.iter().filter_map(|name| position(name)) {
            earlier[later].push(at);
        }
        if place.last {
            earlier[at].extend((0..places.len()).filter(|other| !places[*other].last));
        }
    }
    let mut ordered = Vec::with_capacity(places.len());
    let mut placed = vec![false; places.len()];
    while ordered.len() < places.len() {
        let free = |at: &usize| !placed[*at] && earlier[*at].iter().all(|other| placed[*other]);
        let Some(next) = (0..places.len()).find(free) else {
            return Err(OrderError::Cycle(cycle(places, &earlier, &placed)));
        };
        placed[next] = true;
        ordered.push(next);
    }
    Ok(ordered)
}

/// One circle among the modules that could not be placed.
fn cycle(places: &[Place<'_>], earlier: &[Vec<usize>], placed: &[bool]) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = placed.iter().position(|placed| !placed);
    while let Some(here) = at {
        if let Some(start) = path.iter().position(|seen| *seen == here) {
            path.drain(..start);
            path.push(here);
            break;
        }
        path.push(here);
        at = earlier[here].iter().copied().find(|other| !placed[*other]);
    }
    path.iter().rev().map(|at| places[*at].name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(places: &[Place<'static>]) -> Result<Vec<&'static str>, OrderError> {
        Ok(order(places)?.into_iter().map(|at| places[at].name).collect())
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
}
