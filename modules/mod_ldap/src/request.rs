//! What a directory is asked, and what it answers.

use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::{DerefAliases, Ldap, LdapError, LdapResult, SearchEntry, SearchOptions};

/// What is asked.
pub(crate) enum Request {
    /// For entries.
    Search(Search),
    /// Whether an entry has this password.
    Bind {
        /// The entry.
        dn: String,
        /// The password; not empty.
        password: String,
    },
}

/// A search.
pub(crate) struct Search {
    /// Below which entry.
    pub(crate) base: String,
    /// For what.
    pub(crate) filter: String,
    /// What of the entries.
    pub(crate) attributes: Vec<String>,
    /// How many entries there may be.
    pub(crate) most: usize,
    /// Whether the base depends on the user: then nobody is there without it.
    pub(crate) may_lack_base: bool,
    /// Whether more entries than that are as good as none.
    pub(crate) may_be_many: bool,
    /// The control of LDAPSessionTracking.
    pub(crate) tracking: Option<RawControl>,
}

/// What limits each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long it may take to connect.
    pub(crate) connect: Duration,
    /// How long an answer may take.
    pub(crate) query: Duration,
    /// When aliases are followed.
    pub(crate) aliases: DerefAliases,
}

/// Why there is no answer; the text is for the administrator.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The server has said so: no other would know better.
    Answer(String),
    /// It cannot serve now; another server may.
    Unavailable(String),
}

/// What it answers.
pub(crate) enum Answer {
    /// To a search.
    Entries(Vec<Entry>),
    /// To a bind.
    Bound(Bound),
}

/// What a directory says of a password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// It is right.
    Accepted,
    /// It is wrong, or the entry may not be used; with the directory's words.
    Refused(String),
}

/// An entry.
pub(crate) struct Entry {
    /// Its name.
    pub(crate) dn: String,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// All values of an attribute.
    pub(crate) fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// The first value of an attribute, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values(name).first().and_then(|value| std::str::from_utf8(value).ok()).filter(|text| !text.is_empty())
    }
}

impl From<SearchEntry> for Entry {
    fn from(entry: SearchEntry) -> Self {
        let bytes = |values: Vec<String>| values.into_iter().map(String::into_bytes).collect();
        let texts = entry.attrs.into_iter().map(|(name, values)| (name, bytes(values)));
        Self { dn: entry.dn, attributes: texts.chain(entry.bin_attrs).collect() }
    }
}

/// Sends a request, and reads the answer. The library's error is that of the connection, which then cannot be used any
/// more.
pub(crate) async fn send(
    ldap: &mut Ldap,
    request: &Request,
    scope: ldap3::Scope,
    limits: Limits,
) -> ldap3::result::Result<Result<Answer, Failure>> {
    match request {
        Request::Search(search) => self::search(ldap, search, scope, limits).await,
        Request::Bind { dn, password } => Ok(bound(&ldap.simple_bind(dn, password).await?).map(Answer::Bound)),
    }
}

async fn search(
    ldap: &mut Ldap,
    search: &Search,
    scope: ldap3::Scope,
    limits: Limits,
) -> ldap3::result::Result<Result<Answer, Failure>> {
    let number = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    let options = SearchOptions::new()
        .deref(limits.aliases)
        .timelimit(number(limits.query.as_secs()))
        // One more tells that there are too many.
        .sizelimit(number(search.most as u64 + 1));
    ldap.with_search_options(options);
    if let Some(control) = &search.tracking {
        ldap.with_controls(vec![control.clone()]);
    }
    let begun = ldap.streaming_search(&search.base, scope, &search.filter, search.attributes.clone()).await;
    let mut stream = match begun {
        // Nothing has been sent: the server is not to blame.
        Err(LdapError::FilterParsing) => {
            return Ok(Err(Failure::Answer(format!("no filter: {}", search.filter.escape_debug()))));
        }
        begun => begun?,
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut elsewhere = false;
    while let Some(item) = stream.next().await? {
        if item.is_ref() {
            elsewhere = true;
        } else if !item.is_intermediate() && entries.len() <= search.most {
            entries.push(SearchEntry::construct(item).into());
        }
    }
    if elsewhere {
        gantry_api::log!(Debug, "a part of {} is on another server, which is not asked", search.base);
    }
    let result = stream.finish().await;
    let are_many = entries.len() > search.most || result.rc == SIZE_LIMIT;
    if are_many && search.may_be_many {
        return Ok(Ok(Answer::Entries(Vec::new())));
    }
    if are_many {
        return Ok(Err(Failure::Answer(format!(
            "more than {} entries fit {}",
            search.most,
            search.filter.escape_debug()
        ))));
    }
    Ok(match result.rc {
        SUCCESS => Ok(Answer::Entries(entries)),
        NO_SUCH_OBJECT if search.may_lack_base => Ok(Answer::Entries(Vec::new())),
        NO_SUCH_OBJECT => Err(Failure::Answer(format!("there is no entry {}", search.base))),
        BUSY | UNAVAILABLE => Err(Failure::Unavailable(result_words(&result))),
        REFERRAL => Err(Failure::Answer(format!(
            "it refers to {}, which is not followed: name that server in LDAPServer",
            result.refs.first().map_or("another server", String::as_str)
        ))),
        _ => Err(Failure::Answer(format!("a search below {} fails: {}", search.base, result_words(&result)))),
    })
}

/// RFC 4511 section 4.1.9.
const SUCCESS: u32 = 0;
const SIZE_LIMIT: u32 = 4;
const REFERRAL: u32 = 10;
const CONSTRAINT_VIOLATION: u32 = 19;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN: u32 = 34;
const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_ACCESS: u32 = 50;
const BUSY: u32 = 51;
const UNAVAILABLE: u32 = 52;
const UNWILLING: u32 = 53;

/// What the result of a bind says of a password.
fn bound(result: &LdapResult) -> Result<Bound, Failure> {
    match result.rc {
        SUCCESS => Ok(Bound::Accepted),
        INVALID_CREDENTIALS
        | INAPPROPRIATE_AUTHENTICATION
        | UNWILLING
        | NO_SUCH_OBJECT
        | INVALID_DN
        | CONSTRAINT_VIOLATION
        | INSUFFICIENT_ACCESS => Ok(Bound::Refused(result_words(result))),
        BUSY | UNAVAILABLE => Err(Failure::Unavailable(result_words(result))),
        _ => Err(Failure::Answer(format!("it cannot check a password: {}", result_words(result)))),
    }
}

/// The name of a result code, and the server's words.
pub(crate) fn result_words(result: &LdapResult) -> String {
    let name = match result.rc {
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        SIZE_LIMIT => "size limit exceeded",
        8 => "stronger authentication required",
        REFERRAL => "referral",
        11 => "administrative limit exceeded",
        13 => "confidentiality required",
        CONSTRAINT_VIOLATION => "constraint violation",
        NO_SUCH_OBJECT => "no such object",
        INVALID_DN => "invalid DN",
        INAPPROPRIATE_AUTHENTICATION => "inappropriate authentication",
        INVALID_CREDENTIALS => "invalid credentials",
        INSUFFICIENT_ACCESS => "insufficient access rights",
        BUSY => "busy",
        UNAVAILABLE => "unavailable",
        UNWILLING => "unwilling to perform",
        code => return format!("result {code} {}", result.text.escape_debug()).trim_end().to_owned(),
    };
    match result.text.is_empty() {
        true => name.to_owned(),
        // A server may end its words with NUL.
        false => format!("{name} ({})", result.text.trim_end_matches('\0').escape_debug()),
    }
}
