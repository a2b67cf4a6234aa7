//! The messages between daemon and keeper, and between keeper and worker: one packet per message,
//! each field with its length, nothing after the last field. Both sides check every length before
//! sending and when reading.

mod fields;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gantry_sys::home::{HomeOwners, NewHome};
use zeroize::Zeroizing;

pub use fields::Fault;
pub(crate) use fields::PACKET;
use fields::{Reader, Writer};

/// The maximum length of a password, in bytes: more than libcrypt (511) and PAM (512) can use.
const PASSWORD: usize = 2048;
const NAME: usize = 255;
const PATH: usize = 4096;
const WORDS: usize = 512;
const MESSAGES: usize = 16;

/// The first byte of each packet.
const VERSION: u8 = 1;

/// What the daemon asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The number of the request; no other open request has it.
    pub id: u64,
    /// The work.
    pub task: Task,
}

/// Some work for the keeper.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Compare a password with the system's entry of a user.
    Check(Check),
    /// Have a conversation with PAM.
    Pam(PamRequest),
    /// Bind the TCP socket that comes with the packet to an address with a port below 1024.
    Bind(SocketAddr),
    /// Makes a user's home directory, unless there is one.
    Home(NewHome),
    /// Gives the file or directory that comes with the packet to another user, group or both.
    Give {
        /// The user; none to leave it.
        user: Option<u32>,
        /// The group, which is not root's; none to leave it.
        group: Option<u32>,
    },
    /// End the PAM session that the request with the same number opened. There is no answer.
    Close,
}

/// A password to compare.
#[derive(PartialEq, Eq)]
pub struct Check {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<Vec<u8>>,
}

/// A question to PAM.
#[derive(PartialEq, Eq)]
pub struct PamRequest {
    /// The service: the name of a file in /etc/pam.d.
    pub service: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Zeroizing<Vec<u8>>,
    /// PAM_RHOST: the client.
    pub host: String,
    /// PAM_TTY.
    pub terminal: Option<String>,
    /// Whether to open a session, which lasts until [`Task::Close`].
    pub session: bool,
    /// The time limit of the conversation.
    pub limit: Duration,
}

/// The keeper's answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request's number.
    pub id: u64,
    /// Its result.
    pub outcome: Outcome,
}

/// The result of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of a comparison.
    Checked(Standing),
    /// Of a conversation.
    Pam(PamAnswer),
    /// Done.
    Done,
    /// It failed, with the reason.
    Failed(String),
    /// It took too long and was ended.
    Late,
}

/// The result of comparing a user's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is right, and the account may be used.
    Good,
    /// It is wrong, or there is no such user.
    Wrong,
    /// No password is right: the account is locked, or has none.
    Locked,
    /// It is right, but the account has expired.
    Expired,
    /// It is right, but must be changed first.
    Aged,
}

/// What PAM says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PamAnswer {
    /// PAM's message if it refuses.
    pub refusal: Option<String>,
    /// Messages of PAM's modules for the user.
    pub messages: Vec<String>,
    /// How long the refusal should take.
    pub delay: Duration,
    /// Whether a session was opened.
    pub session: bool,
}

impl Request {
    /// Encodes it as a packet.
    ///
    /// # Errors
    /// A field is longer than it may be, or has a NUL byte.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut out = Writer::new(VERSION);
        match &self.task {
            Task::Check(check) => {
                out.number(1).id(self.id).text("user", &check.user, NAME)?;
                out.bytes("password", &check.password, PASSWORD)?;
            }
            Task::Pam(request) => {
                out.number(2).id(self.id).text("service", &request.service, NAME)?;
                out.text("user", &request.user, NAME)?.bytes("password", &request.password, PASSWORD)?;
                out.text("host", &request.host, NAME)?;
                out.text("terminal", request.terminal.as_deref().unwrap_or_default(), NAME)?;
                out.number(request.session.into()).millis(request.limit);
            }
            Task::Close => drop(out.number(3).id(self.id)),
            Task::Bind(address) => {
                out.number(4).id(self.id).text("address", &address.to_string(), NAME)?;
            }
            Task::Home(home) => {
                let skeleton = home.skeleton.as_deref().unwrap_or(Path::new(""));
                out.number(5).id(self.id).bytes("home", home.path.as_os_str().as_bytes(), PATH)?;
                out.bytes("skeleton", skeleton.as_os_str().as_bytes(), PATH)?;
                out.int(home.mode).int(home.parent_mode).number(home.owners.is_some().into());
                if let Some(HomeOwners { user, group, home_group, parents }) = home.owners {
                    out.int(user).int(group).int(home_group).int(parents.0).int(parents.1);
                }
            }
            Task::Give { user, group } => {
                out.number(6).id(self.id);
                for id in [user, group] {
                    out.number(id.is_some().into()).int(id.unwrap_or_default());
                }
            }
        }
        Ok(out.packet())
    }

    /// Decodes a packet.
    ///
    /// # Errors
    /// The packet is malformed.
    pub fn decode(packet: &[u8]) -> Result<Self, Fault> {
        let mut packet = Reader::new(packet, VERSION)?;
        let kind = packet.number()?;
        let id = packet.id()?;
        let task = match kind {
            1 => {
                Task::Check(Check { user: packet.text("user", NAME)?, password: packet.secret("password", PASSWORD)? })
            }
            2 => Task::Pam(PamRequest {
                service: packet.text("service", NAME)?,
                user: packet.text("user", NAME)?,
                password: packet.secret("password", PASSWORD)?,
                host: packet.text("host", NAME)?,
                terminal: Some(packet.text("terminal", NAME)?).filter(|terminal| !terminal.is_empty()),
                session: packet.flag("session")?,
                limit: packet.millis()?,
            }),
            3 => Task::Close,
            4 => Task::Bind(packet.text("address", NAME)?.parse().map_err(|_| Fault::Text("address"))?),
            5 => Task::Home(home(&mut packet)?),
            6 => {
                let mut id = || Ok(Some((packet.flag("owner")?, packet.int()?)).filter(|id| id.0).map(|id| id.1));
                Task::Give { user: id()?, group: id()? }
            }
            _ => return Err(Fault::Number("kind")),
        };
        packet.end()?;
        Ok(Self { id, task })
    }
}

/// A home directory that is wanted.
fn home(packet: &mut Reader<'_>) -> Result<NewHome, Fault> {
    let mut path = |name| Ok(PathBuf::from(OsStr::from_bytes(packet.bytes(name, PATH)?)));
    let (path, skeleton) = (path("home")?, path("skeleton")?);
    let (mode, parent_mode) = (packet.int()?, packet.int()?);
    let owners = match packet.flag("owners")? {
        true => Some(HomeOwners {
            user: packet.int()?,
            group: packet.int()?,
            home_group: packet.int()?,
            parents: (packet.int()?, packet.int()?),
        }),
        false => None,
    };
    let skeleton = Some(skeleton).filter(|path| !path.as_os_str().is_empty());
    Ok(NewHome { path, mode, parent_mode, skeleton, owners })
}

impl Answer {
    /// Encodes it as a packet; texts that are too long are cut.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new(VERSION);
        let cut = |words: &str| words.replace('\0', "").chars().take(WORDS / 4).collect::<String>();
        match &self.outcome {
            Outcome::Checked(standing) => drop(out.number(1).id(self.id).number(standing.number())),
            Outcome::Pam(PamAnswer { refusal, messages, delay, session }) => {
                out.number(2).id(self.id).number(refusal.is_some().into());
                // Cut before, so that encoding cannot fail.
                let _ = out.text("refusal", &cut(refusal.as_deref().unwrap_or_default()), WORDS);
                let messages = messages.get(..MESSAGES).unwrap_or(messages);
                out.number(u8::try_from(messages.len()).unwrap_or(0));
                for message in messages {
                    let _ = out.text("message", &cut(message), WORDS);
                }
                out.millis(*delay).number((*session).into());
            }
            Outcome::Failed(why) => {
                let _ = out.number(3).id(self.id).text("reason", &cut(why), WORDS);
            }
            Outcome::Late => drop(out.number(4).id(self.id)),
            Outcome::Done => drop(out.number(5).id(self.id)),
        }
        out.packet().to_vec()
    }

    /// From a packet.
    pub(crate) fn decode(packet: &[u8]) -> Result<Self, Fault> {
        let mut packet = Reader::new(packet, VERSION)?;
        let kind = packet.number()?;
        let id = packet.id()?;
        let outcome = match kind {
            1 => Outcome::Checked(Standing::of(packet.number()?)?),
            2 => {
                let refused = packet.flag("refused")?;
                let refusal = Some(packet.text("refusal", WORDS)?).filter(|_| refused);
                let count = usize::from(packet.number()?);
                if count > MESSAGES {
                    return Err(Fault::Size("messages"));
                }
                let messages = (0..count).map(|_| packet.text("message", WORDS)).collect::<Result<_, _>>()?;
                let (delay, session) = (packet.millis()?, packet.flag("session")?);
                Outcome::Pam(PamAnswer { refusal, messages, delay, session })
            }
            3 => Outcome::Failed(packet.text("reason", WORDS)?),
            4 => Outcome::Late,
            5 => Outcome::Done,
            _ => return Err(Fault::Number("kind")),
        };
        packet.end()?;
        Ok(Self { id, outcome })
    }
}

impl Standing {
    const ALL: [Self; 5] = [Self::Good, Self::Wrong, Self::Locked, Self::Expired, Self::Aged];

    // An unknown number must not become Good, which is not 0.
    fn number(self) -> u8 {
        Self::ALL.iter().position(|standing| *standing == self).map_or(u8::MAX, |at| 0x51 + at as u8)
    }

    fn of(number: u8) -> Result<Self, Fault> {
        let found = Self::ALL.iter().find(|standing| standing.number() == number);
        found.copied().ok_or(Fault::Number("standing"))
    }
}

/// Without the password.
impl std::fmt::Debug for Check {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Check").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Without the password.
impl std::fmt::Debug for PamRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PamRequest").field("service", &self.service).field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> Vec<Request> {
        let check = Check { user: "ann".to_owned(), password: Zeroizing::new(b"secret".to_vec()) };
        let pam = PamRequest {
            service: "ftp".to_owned(),
            user: "ann".to_owned(),
            password: Zeroizing::new(b"\xff secret".to_vec()),
            host: "::1".to_owned(),
            terminal: Some("/dev/ftpd1".to_owned()),
            session: true,
            limit: Duration::from_secs(60),
        };
        let owners = HomeOwners { user: 1, group: 2, home_group: 3, parents: (4, 5) };
        let (path, skeleton) = (PathBuf::from(OsStr::from_bytes(b"/home/\xff")), Some(PathBuf::from("/etc/skel")));
        let home = NewHome { path, mode: 0o700, parent_mode: 0o711, skeleton, owners: Some(owners) };
        let plain = NewHome { skeleton: None, owners: None, ..home.clone() };
        let tasks = [
            Task::Check(check),
            Task::Pam(pam),
            Task::Close,
            Task::Bind("[::1]:21".parse().unwrap()),
            Task::Home(home),
            Task::Home(plain),
            Task::Give { user: Some(7), group: None },
        ];
        tasks.into_iter().zip(7..).map(|(task, id)| Request { id, task }).collect()
    }

    fn answers() -> Vec<Answer> {
        let pam = PamAnswer {
            refusal: Some("Permission denied".to_owned()),
            messages: vec!["one".to_owned(), "two".to_owned()],
            delay: Duration::from_millis(1500),
            session: false,
        };
        let granted = PamAnswer { refusal: None, messages: Vec::new(), delay: Duration::ZERO, session: true };
        let standings = Standing::ALL.map(Outcome::Checked);
        let others =
            [Outcome::Pam(pam), Outcome::Pam(granted), Outcome::Failed("why".to_owned()), Outcome::Late, Outcome::Done];
        standings.into_iter().chain(others).map(|outcome| Answer { id: u64::MAX, outcome }).collect()
    }

    #[test]
    fn packets_come_out_as_they_went_in() {
        for request in requests() {
            assert_eq!(Request::decode(&request.encode().unwrap()).unwrap(), request);
        }
        for answer in answers() {
            assert_eq!(Answer::decode(&answer.encode()).unwrap(), answer);
        }
    }

    #[test]
    fn every_part_of_a_packet_and_every_longer_one_is_refused() {
        let requests = requests().into_iter().map(|request| request.encode().unwrap().to_vec());
        for packet in requests {
            for length in 0..packet.len() {
                assert!(Request::decode(&packet[..length]).is_err());
            }
            assert_eq!(Request::decode(&[&packet[..], b"x"].concat()), Err(Fault::Long));
        }
        for packet in answers().iter().map(Answer::encode) {
            for length in 0..packet.len() {
                assert!(Answer::decode(&packet[..length]).is_err());
            }
            assert_eq!(Answer::decode(&[&packet[..], b"x"].concat()), Err(Fault::Long));
        }
    }

    #[test]
    fn a_changed_byte_panics_nobody_and_makes_no_password_good() {
        for request in requests() {
            let packet = request.encode().unwrap();
            for at in 0..packet.len() {
                for byte in [0, 1, 0x7f, 0xff] {
                    let mut packet = packet.to_vec();
                    packet[at] = byte;
                    let _ = (Request::decode(&packet), Answer::decode(&packet));
                }
            }
        }
        assert!((0..0x51).all(|number| Standing::of(number).is_err()));
    }

    #[test]
    fn fields_are_bounded_before_they_are_sent() {
        let request = |user: &str, password: usize| {
            let password = Zeroizing::new(vec![b'x'; password]);
            Request { id: 1, task: Task::Check(Check { user: user.to_owned(), password }) }.encode().map(|_| ())
        };
        assert_eq!(request(&"x".repeat(255), PASSWORD), Ok(()));
        assert_eq!(request(&"x".repeat(256), 1), Err(Fault::Size("user")));
        assert_eq!(request("x", PASSWORD + 1), Err(Fault::Size("password")));
        assert_eq!(request("a\0b", 1), Err(Fault::Text("user")));
        let long = Answer { id: 1, outcome: Outcome::Failed("é\0".repeat(PACKET)) };
        assert!(matches!(Answer::decode(&long.encode()).unwrap().outcome, Outcome::Failed(why) if why.len() == 256));
    }

    #[test]
    fn passwords_are_in_no_debug_output() {
        for request in requests() {
            assert!(!format!("{request:?}").contains("secret"));
        }
    }
}
