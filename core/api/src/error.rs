//! What goes wrong, and who is at fault. Errors cross images, so they hold
//! text and numbers alone: never another error's code.

use std::fmt;
use std::io;

/// The result of a module's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client asked for what it may not have or what is not there.
    Client,
    /// The configuration is wrong.
    Configuration,
    /// The system, a database or another server failed.
    System,
    /// A module panicked: caught at its guard.
    Panic,
}

/// An error, with the reply that the client shall read when it has to be told.
#[derive(Debug, Clone)]
pub struct Error {
    fault: Fault,
    code: u16,
    message: String,
    told: Option<String>,
}

impl Error {
    /// The client's fault: reply code (RFC 959 section 4.2) and text.
    pub fn client(code: u16, text: impl Into<String>) -> Self {
        let message = text.into();
        Self { fault: Fault::Client, code, told: Some(message.clone()), message }
    }

    /// The configuration's fault: the text is for the administrator.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self { fault: Fault::Configuration, code: 451, message: message.into(), told: None }
    }

    /// The system's fault: the text is for the administrator, the client reads
    /// a 451.
    pub fn system(message: impl Into<String>) -> Self {
        Self { fault: Fault::System, code: 451, message: message.into(), told: None }
    }

    /// A panic that `module` raised.
    pub fn panic(module: &str, message: &str) -> Self {
        let message = format!("{module} panicked: {message}");
        let told = Some(format!("Requested action aborted: internal error in {module}"));
        Self { fault: Fault::Panic, code: 451, message, told }
    }

    /// Sets the reply code.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = code;
        self
    }

    /// Puts what was being done before the message.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        if let Some(told) = &mut self.told {
            *told = format!("{what}: {told}");
        }
        self
    }

    /// Who is at fault.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The text for the log.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Code and text of the reply for the client, who reads nothing of what is
    /// the administrator's.
    pub fn reply(&self) -> (u16, &str) {
        (self.code, self.told.as_deref().unwrap_or("Requested action aborted: local error in processing"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// An error of the file system, told to the client in the system's words, as
/// ProFTPD does: 550 for what stays as it is, 452 and 552 where the RFC has a
/// code for it, 451 for what may pass or is broken, which the log tells as well.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        let code = match error.kind() {
            Kind::StorageFull => 452,
            Kind::QuotaExceeded => 552,
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::AlreadyExists
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::DirectoryNotEmpty
            | Kind::ReadOnlyFilesystem
            | Kind::CrossesDevices
            | Kind::InvalidInput
            | Kind::InvalidFilename
            | Kind::FileTooLarge
            | Kind::TooManyLinks
            | Kind::ResourceBusy
            | Kind::ExecutableFileBusy
            | Kind::Unsupported => 550,
            // A loop of links has no stable kind; any client can make one.
            _ if error.raw_os_error() == Some(ELOOP) => 550,
            _ => 451,
        };
        let message = error.to_string();
        // std adds the number, which means nothing to a client.
        let words = message.split(" (os error").next().unwrap_or_default().to_owned();
        Self { fault: Fault::System, code, message, told: Some(words) }
    }
}

const ELOOP: i32 = 40;
