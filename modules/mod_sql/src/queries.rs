//! The queries of a server: those of SQLNamedQuery, and those that other directives build
//! from tables.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::service::Services;
use gantry_api::{Error, Result, log};

use crate::journal::Journal;
use crate::link::Link;
use crate::lookup::Query;
use crate::named::{Judge, Kind};
use crate::settings::Settings;
use crate::template::Template;
use crate::variables::Place;

/// The named queries of a server, and the parts for building others.
pub struct Queries {
    named: HashMap<String, (Kind, Query)>,
    link: Link,
    journal: Arc<Journal>,
}

impl Queries {
    /// Compiles all queries. If two have the same name, the later one counts, because it
    /// is from the inner section.
    pub fn compile(
        settings: &Settings,
        services: &Services,
        link: Link,
        named_links: &HashMap<String, Link>,
        journal: Arc<Journal>,
    ) -> Result<Self> {
        let mut named = HashMap::new();
        for line in &settings.queries {
            let origin = format!("SQLNamedQuery {}", line.name);
            let mut template =
                line.compile().map_err(|error| Error::configuration(format!("SQLNamedQuery: {error}")))?;
            let resolved = template.resolve(services.variables());
            resolved.map_err(|error| Error::configuration(format!("{origin}: {error}")))?;
            let link = match &line.connection {
                None => link.clone(),
                Some(name) => named_links
                    .get(name)
                    .cloned()
                    .ok_or_else(|| Error::configuration(format!("{origin}: no SQLNamedConnectInfo '{name}'")))?,
            };
            named.insert(line.name.clone(), (line.kind, Query::new(origin, template, link, journal.clone())));
        }
        Ok(Self { named, link, journal })
    }

    /// Lets the databases check the named queries. What they refuse is a warning: a table
    /// may be made later.
    pub async fn probe(&self) {
        for (_, query) in self.named.values() {
            if let Err(error) = query.probe().await {
                log!(Warn, "{error}");
            }
        }
    }

    /// A named query and its type.
    pub fn named(&self, name: &str) -> Option<&(Kind, Query)> {
        self.named.get(name)
    }

    /// The named query that a directive uses for look-ups.
    pub fn custom(&self, directive: &str, name: &str) -> Result<Query> {
        self.fitting(directive, name, Kind::fits_lookup)
    }

    /// The named query that a directive uses for keys.
    pub fn custom_key(&self, directive: &str, name: &str) -> Result<Query> {
        self.fitting(directive, name, Kind::fits_key)
    }

    fn fitting(&self, directive: &str, name: &str, judge: Judge) -> Result<Query> {
        let fault = |what: String| Error::configuration(format!("{directive} custom:/{name}: {what}"));
        let (kind, query) = self.named.get(name).ok_or_else(|| fault("no SQLNamedQuery has this name".to_owned()))?;
        judge(*kind, &query.template).map_err(|error| fault(error.to_string()))?;
        Ok(query.clone())
    }

    /// A query on a table that a directive names, for use at a place.
    pub fn table(&self, directive: &str, text: &str, place: Place) -> Result<Query> {
        let fault = |what: String| Error::configuration(format!("{directive}: {what}"));
        let template = Template::compile(text).map_err(|error| fault(error.to_string()))?;
        template.check(place).map_err(|error| fault(error.to_string()))?;
        Ok(Query::new(directive.to_owned(), template, self.link.clone(), self.journal.clone()))
    }
}
