//! Errors: who is at fault, and what kind of error it is. Errors cross images, so they hold only
//! text and numbers, never another error's code.
//!
//! Decisions depend on fault and kind, never on a text. The FTP dialogue turns a kind into a reply
//! code; a module may choose the code itself.

use std::fmt;
use std::io;

/// The result of a module's work.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client asked for something that does not exist or that it may not have.
    Client,
    /// The configuration is wrong.
    Configuration,
    /// The system, a database or another server failed.
    System,
    /// A module panicked; its guard caught it.
    Panic,
}

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Something failed that should not have.
    Failed,
    /// The server refuses the request; the text gives the reason.
    Refused,
    /// No such file, or no match.
    NotFound,
    /// The file exists already.
    Exists,
    /// The access gate or the system denies permission.
    Denied,
    /// A directory is required.
    NotDirectory,
    /// A file is required, but this is a directory.
    IsDirectory,
    /// The directory is not empty.
    NotEmpty,
    /// The file system is read-only.
    ReadOnly,
    /// The operation would cross file systems.
    Elsewhere,
    /// The file system rejects a name, number or path.
    Invalid,
    /// The file would exceed a size limit.
    TooLarge,
    /// Another process uses it at the moment.
    Busy,
    /// The file system is full.
    Full,
    /// The account's quota is used up.
    Quota,
    /// The operation is not supported here.
    Unsupported,
    /// The operation was aborted.
    Aborted,
    /// It took too long.
    TimedOut,
    /// The parameters of a command or action are wrong.
    Usage,
    /// The command is unknown.
    NotUnderstood,
    /// The command comes out of order.
    OutOfOrder,
    /// It needs a login.
    NotLoggedIn,
    /// The login is refused.
    LoginRefused,
}

impl ErrorKind {
    /// A short text for clients and logs.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "Requested action aborted: local error in processing",
            Self::Refused => "Refused",
            Self::NotFound => "No such file or directory",
            Self::Exists => "File exists",
            Self::Denied => "Permission denied",
            Self::NotDirectory => "Not a directory",
            Self::IsDirectory => "Is a directory",
            Self::NotEmpty => "Directory not empty",
            Self::ReadOnly => "Read-only file system",
            Self::Elsewhere => "Invalid cross-device link",
            Self::Invalid => "Invalid argument",
            Self::TooLarge => "File too large",
            Self::Busy => "Device or resource busy",
            Self::Full => "No space left on device",
            Self::Quota => "Disk quota exceeded",
            Self::Unsupported => "Operation not supported",
            Self::Aborted => "Transfer aborted",
            Self::TimedOut => "Timed out",
            Self::Usage => "Wrong parameters",
            Self::NotUnderstood => "Not understood",
            Self::OutOfOrder => "Bad sequence of commands",
            Self::NotLoggedIn => "Not logged in",
            Self::LoginRefused => "Login incorrect.",
        }
    }

    /// Whether it concerns a file that the client named. Any client can cause such an error, and no
    /// administrator needs to see it.
    pub fn is_of_file(self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::Exists
                | Self::Denied
                | Self::NotDirectory
                | Self::IsDirectory
                | Self::NotEmpty
                | Self::ReadOnly
                | Self::Elsewhere
                | Self::Invalid
                | Self::TooLarge
                | Self::Busy
                | Self::Unsupported
        )
    }
}

/// An error, with its text for the client.
#[derive(Debug, Clone)]
pub struct Error {
    fault: Fault,
    kind: ErrorKind,
    code: Option<u16>,
    names_file: bool,
    message: String,
    told: Option<String>,
    /// The module that panicked, if one did.
    panicked: Option<Box<str>>,
}

impl Error {
    fn new(fault: Fault, kind: ErrorKind, message: String, told: Option<String>) -> Self {
        Self { fault, kind, code: None, names_file: false, message, told, panicked: None }
    }

    /// A client error whose kind says everything.
    pub fn of(kind: ErrorKind) -> Self {
        Self::new(Fault::Client, kind, kind.words().to_owned(), None)
    }

    /// A client error with a reply code (RFC 959 section 4.2) and text.
    pub fn client(code: u16, text: impl Into<String>) -> Self {
        let message = text.into();
        Self::new(Fault::Client, ErrorKind::Refused, message.clone(), Some(message)).with_code(code)
    }

    /// A command or action was used incorrectly.
    pub fn usage(text: impl Into<String>) -> Self {
        let message = text.into();
        Self::new(Fault::Client, ErrorKind::Usage, message.clone(), Some(message))
    }

    /// A configuration error; the text is for the administrator.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Fault::Configuration, ErrorKind::Failed, message.into(), None)
    }

    /// A system error; the text is for the administrator.
    pub fn system(message: impl Into<String>) -> Self {
        Self::new(Fault::System, ErrorKind::Failed, message.into(), None)
    }

    /// A panic in `module`.
    pub fn panic(module: &str, message: &str) -> Self {
        let told = format!("Requested action aborted: internal error in {module}");
        let error = Self::new(Fault::Panic, ErrorKind::Failed, format!("{module} panicked: {message}"), Some(told));
        Self { panicked: Some(module.into()), ..error }
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the reply code, in place of the kind's.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// Prefixes the message with what was being done.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        if let Some(told) = &mut self.told {
            *told = format!("{what}: {told}");
        }
        self
    }

    /// Names the file: the client reads its name and the error. The dialogue does this if the
    /// command's argument is the name.
    #[must_use]
    pub fn of_file(mut self, name: &[u8]) -> Self {
        self.told = Some(format!("{}: {}", String::from_utf8_lossy(name), self.text()));
        self.names_file = true;
        self
    }

    /// Who is at fault.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The module that panicked. It may be a module that the called one called.
    pub fn panicked(&self) -> Option<&str> {
        self.panicked.as_deref()
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The text for the log.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The reply code, if one was set; otherwise the kind decides.
    pub fn code(&self) -> Option<u16> {
        self.code
    }

    /// The text for the client. It reveals nothing that is meant for the administrator.
    pub fn text(&self) -> &str {
        self.told.as_deref().unwrap_or(self.kind.words())
    }

    /// Whether the text says more than the kind.
    pub fn has_text(&self) -> bool {
        self.told.is_some()
    }

    /// Whether the text names the file concerned.
    pub fn names_file(&self) -> bool {
        self.names_file
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A file system error. The client reads the system's words, as with ProFTPD.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as System;
        let kind = match error.kind() {
            System::StorageFull => ErrorKind::Full,
            System::QuotaExceeded => ErrorKind::Quota,
            System::NotFound => ErrorKind::NotFound,
            System::PermissionDenied => ErrorKind::Denied,
            System::AlreadyExists => ErrorKind::Exists,
            System::NotADirectory => ErrorKind::NotDirectory,
            System::IsADirectory => ErrorKind::IsDirectory,
            System::DirectoryNotEmpty => ErrorKind::NotEmpty,
            System::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            System::CrossesDevices => ErrorKind::Elsewhere,
            System::InvalidInput | System::InvalidFilename | System::TooManyLinks => ErrorKind::Invalid,
            System::FileTooLarge => ErrorKind::TooLarge,
            System::ResourceBusy | System::ExecutableFileBusy => ErrorKind::Busy,
            System::Unsupported => ErrorKind::Unsupported,
            System::TimedOut => ErrorKind::TimedOut,
            // A loop of links has no stable kind, and any client can make one.
            _ if error.raw_os_error() == Some(ELOOP) => ErrorKind::Invalid,
            _ => ErrorKind::Failed,
        };
        let message = error.to_string();
        // std adds the number, which means nothing to a client.
        let words = message.split(" (os error").next().unwrap_or_default().to_owned();
        Self::new(Fault::System, kind, message, Some(words))
    }
}

const ELOOP: i32 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_have_kinds_and_its_words() {
        let of = |number| Error::from(io::Error::from_raw_os_error(number));
        for (number, kind) in [
            (2, ErrorKind::NotFound),
            (13, ErrorKind::Denied),
            (17, ErrorKind::Exists),
            (28, ErrorKind::Full),
            (39, ErrorKind::NotEmpty),
            (ELOOP, ErrorKind::Invalid),
            (122, ErrorKind::Quota),
            (5, ErrorKind::Failed),
        ] {
            assert_eq!(of(number).kind(), kind, "{number}");
        }
        assert_eq!((of(17).text(), of(17).code()), ("File exists", None));
        assert_eq!(of(17).of_file(b"x").text(), "x: File exists");
    }

    #[test]
    fn clients_read_nothing_of_what_is_the_administrators() {
        let error = Error::system("/srv/secret is broken").context("at the start");
        assert_eq!(error.message(), "at the start: /srv/secret is broken");
        assert_eq!(error.text(), ErrorKind::Failed.words());
    }
}
