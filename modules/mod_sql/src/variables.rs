//! Where the variables of queries and messages have a value: SQLNamedQuery and
//! SQLShowInfo in ProFTPD's manual. The variables themselves are gantry-format's.

use std::time::SystemTime;

use gantry_api::service::LoginRequest;
use gantry_api::variable::{Out, Subject, Variable};
use gantry_api::{IDENT_USER, Moment, Value};
use gantry_format::{Context, Dialect, Reference};
use jiff::tz::TimeZone;

/// The variables of SQL.
pub fn dialect() -> Dialect {
    Dialect::sql(TimeZone::system())
}

/// Where a query runs: what is known there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// For a command (SQLLog, SQLShowInfo): all but arguments.
    Command,
    /// To look up a user or a group: what is known before the login, and `%{0}`.
    Lookup,
    /// For a user's or group's key: all that a command has, and the name as `%{0}`.
    Key,
    /// For another module: its arguments.
    Service,
    /// To keep a connection alive: nobody asks for it.
    Alone,
}

/// The variables that have a value before the login.
const AT_LOGIN: [&str; 16] =
    ["a", "c", "h", "H", "l", "L", "p", "P", "u", "U", "v", "V", "epoch", "protocol", "remote-port", "version"];

/// A variable that has no value at its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variable {name} has no value {place}")]
pub struct Unavailable {
    name: String,
    place: &'static str,
}

impl Unavailable {
    /// The variable, as it is written.
    pub fn word(&self) -> &str {
        &self.name
    }

    fn new(reference: &Reference, place: &'static str) -> Self {
        Self { name: reference.to_string(), place }
    }
}

impl Place {
    /// Whether a variable has a value here.
    pub fn check(self, reference: &Reference) -> Result<(), Unavailable> {
        let fail = |place| Err(Unavailable::new(reference, place));
        match (reference, self) {
            (Reference::Argument(_), Self::Command) => fail("for a command"),
            (Reference::Argument(_), Self::Alone) => fail("apart from a session"),
            (Reference::Argument(1..), Self::Lookup) => {
                fail("in the lookup of a user or group, which gives %{0} alone")
            }
            (Reference::Argument(1..), Self::Key) => fail("in the lookup of a key, which gives %{0} alone"),
            (Reference::Variable(variable), Self::Lookup) if !AT_LOGIN.contains(&variable.name) => {
                fail("before the login")
            }
            (Reference::Contributed(_), Self::Lookup) => fail("before the login"),
            (reference, Self::Service) if is_of_session(reference) => fail("apart from a command"),
            (reference, Self::Alone) if is_of_session(reference) => fail("apart from a session"),
            _ => Ok(()),
        }
    }
}

fn is_of_session(reference: &Reference) -> bool {
    matches!(reference, Reference::Variable(_) | Reference::Contributed(_) | Reference::Note(_))
}

/// Sees that the caller gave the argument that a variable stands for.
pub fn is_given(reference: &Reference, context: &dyn Context) -> Result<(), Unavailable> {
    match reference {
        Reference::Argument(index) if context.argument(*index).is_none() => {
            Err(Unavailable::new(reference, "here: too few arguments"))
        }
        _ => Ok(()),
    }
}

/// A command, now.
pub fn subject<'a>(at: &'a Moment<'_>) -> Subject<'a> {
    at.subject(SystemTime::now())
}

/// The lookup of a user or group.
pub struct Lookup<'l> {
    /// Who wants to log in.
    pub request: &'l LoginRequest,
    /// `%{0}`.
    pub argument: &'l str,
}

impl Context for Lookup<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        let request = self.request;
        match variable.name {
            "a" => out.show(request.address),
            "c" => request.class.iter().for_each(|class| out.text(class.as_bytes())),
            "h" => out.text(&request.host),
            "H" | "L" | "V" => out.show(request.local.ip()),
            "l" => match request.notes.get(IDENT_USER) {
                None => out.text("UNKNOWN"),
                user => out.value(user),
            },
            "p" => out.int(request.local.port()),
            "P" => out.int(std::process::id()),
            // There is no other name yet.
            "u" | "U" => out.text(&request.user),
            "v" => out.text(request.server_name.as_bytes()),
            "epoch" => {
                let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                out.int(epoch.unwrap_or_default().as_secs());
            }
            "protocol" => out.text("ftp"),
            "remote-port" => out.int(request.port),
            "version" => out.text(concat!("Gantry ", env!("CARGO_PKG_VERSION"))),
            _ => {}
        }
    }

    fn note(&self, name: &str) -> Option<&Value> {
        self.request.notes.get(name)
    }

    fn argument(&self, index: usize) -> Option<&str> {
        (index == 0).then_some(self.argument)
    }
}

/// The lookup of a key for a user or group of a session.
pub struct KeyOf<'l> {
    /// The command at which it is looked up.
    pub subject: Subject<'l>,
    /// The user's or group's name.
    pub name: &'l str,
}

impl Context for KeyOf<'_> {
    fn now(&self) -> SystemTime {
        self.subject.now
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        self.subject.write(variable, out);
    }

    fn note(&self, name: &str) -> Option<&Value> {
        self.subject.note(name)
    }

    fn argument(&self, index: usize) -> Option<&str> {
        (index == 0).then_some(self.name)
    }
}

/// Another module's call.
pub struct Arguments<'l>(pub &'l [String]);

impl Context for Arguments<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn write(&self, _variable: &Variable, _out: &mut Out<'_>) {}

    fn argument(&self, index: usize) -> Option<&str> {
        self.0.get(index).map(String::as_str)
    }
}

/// A login of a user, for tests.
#[cfg(test)]
pub fn login(user: &str) -> LoginRequest {
    use std::net::Ipv4Addr;

    LoginRequest {
        session: 1,
        server: gantry_api::ServerId(0),
        user: user.to_owned(),
        address: Ipv4Addr::new(192, 0, 2, 7).into(),
        host: "client.example".to_owned(),
        section: None,
        class: Some("lan".into()),
        port: 40000,
        local: (Ipv4Addr::new(192, 0, 2, 1), 2121).into(),
        server_name: "my server".into(),
        notes: gantry_api::Notes::default(),
    }
}
