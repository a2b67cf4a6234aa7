//! The bases of sessions if there are sections for certain users (`<IfUser>`, `<IfGroup>`,
//! `<IfClass>`, `<IfAuthenticated>`). A base is made for each combination of sections that applies
//! to somebody, and cached.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_api::{Error, Result, SectionId, ServerId};
use gantry_config::{Layers, Part, Personal};

use crate::gate::Person;
use crate::generation::base::{Base, Spot};
use crate::generation::scopes::Scopes;
use crate::generation::server::Server;

/// The maximum number of cached combinations.
const MOST: usize = 64;

/// A server, or one of its sections, and the numbers of the user sections that apply.
type Combination = (ServerId, Option<SectionId>, Vec<usize>);

/// The cached bases.
#[derive(Default)]
pub struct Bases {
    made: Mutex<HashMap<Combination, Arc<Base>>>,
}

impl Bases {
    /// The base of a user in a server or one of its sections. Without sections for certain users,
    /// this is the configured one.
    ///
    /// # Errors
    /// There is no such section, or the settings that apply together contradict each other.
    pub fn of(
        &self,
        scopes: &Scopes,
        server: &Server,
        section: Option<SectionId>,
        person: impl FnOnce() -> Person,
    ) -> Result<Arc<Base>> {
        let base = server.base(section).ok_or_else(|| Error::system("the server has no such section"))?;
        if server.personal.is_empty() {
            return Ok(base.clone());
        }
        let person = person();
        let who = person.who();
        let holding = server.personal.iter().enumerate().filter(|(_, section)| section.holds(&who));
        let holding: Vec<(usize, &Personal)> = holding.collect();
        if holding.is_empty() {
            return Ok(base.clone());
        }
        let combination = (base.server, section, holding.iter().map(|(at, _)| *at).collect());
        let remembered = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered().get(&combination) {
            return Ok(known.clone());
        }
        let made = Arc::new(made(scopes, base, section, holding.into_iter().map(|(_, section)| section))?);
        let mut remembered = remembered();
        if remembered.len() >= MOST {
            remembered.clear();
        }
        remembered.insert(combination, made.clone());
        Ok(made)
    }
}

/// A base with sections on top. It keeps the server's folders, but an `<Anonymous>` section has
/// folders of its own.
fn made<'s>(
    scopes: &Scopes,
    base: &Base,
    section: Option<SectionId>,
    holding: impl Iterator<Item = &'s Personal>,
) -> Result<Base> {
    let spot = |layers: Layers| match scopes.of(base.server, &layers) {
        Ok(held) => Ok(Spot { held, layers }),
        Err(faults) => Err(Error::configuration(faults.to_string())),
    };
    let (mut layers, mut folders): (_, Vec<Part>) = (base.own.layers.clone(), Vec::new());
    for personal in holding {
        layers = layers.with(&personal.layer);
        folders.extend(personal.directories.iter().filter(|_| section.is_none()).cloned());
    }
    let directories = base.directories.onto(&layers, &folders);
    let own = spot(layers)?;
    let inner = directories.iter().map(|directory| spot(directory.layers.clone())).collect::<Result<Vec<_>>>()?;
    let lets = |spot: &Spot| scopes.held(&spot.held).settings.allow_override;
    let reads_files = lets(&own) || inner.iter().any(lets);
    Ok(Base { server: base.server, own, directories, inner, reads_files })
}
