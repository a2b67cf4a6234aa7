//! Names of users and groups by their ids, for listings, and SQLNegativeCache: the ids that have none.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use gantry_api::Result;
use gantry_api::service::{LoginRequest, SqlValue};

use crate::lookup::{Ids, Query};
use crate::variables::Lookup;

/// The most ids to remember.
const MOST: usize = 10_000;

/// How names of one kind are found.
pub struct IdNames {
    /// Its first column is the name.
    query: Query,
    ids: Ids,
    /// The ids without a name; `None` if they are asked for again.
    nameless: Option<Mutex<HashSet<u32>>>,
}

impl IdNames {
    /// `is_cached` is SQLNegativeCache.
    pub fn new(query: Query, ids: Ids, is_cached: bool) -> Self {
        Self { query, ids, nameless: is_cached.then(Mutex::default) }
    }

    /// The name of an id. Those below the limit are the system's.
    pub async fn find(&self, request: &LoginRequest, id: u32) -> Result<Option<String>> {
        if id < self.ids.lowest || self.is_nameless(id) {
            return Ok(None);
        }
        let statement = self.query.fill(&Lookup { request, argument: &id.to_string() })?;
        let rows = self.query.run(request.session, &statement).await?.rows;
        let name = rows.into_iter().next().and_then(|row| row.into_iter().next()).and_then(SqlValue::into_text);
        let name = name.filter(|name| !name.is_empty() && !name.contains(char::is_control));
        if name.is_none() {
            self.remember(id);
        }
        Ok(name)
    }

    fn is_nameless(&self, id: u32) -> bool {
        let ids = self.nameless.as_ref();
        ids.is_some_and(|ids| ids.lock().unwrap_or_else(PoisonError::into_inner).contains(&id))
    }

    fn remember(&self, id: u32) {
        let Some(ids) = &self.nameless else { return };
        let mut ids = ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < MOST {
            ids.insert(id);
        }
    }
}
