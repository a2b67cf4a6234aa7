//! What goes wrong: who is at fault, and of which kind it is. Errors cross images, so
//! they hold text and numbers alone: never another error's code.
//!
//! Decisions go by fault and kind, never by a text. A kind becomes a reply code in
//! the FTP dialogue; a module that knows better chooses the code itself.

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

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Something failed that should not have.
    Failed,
    /// The client's wish is not granted, for the reason that the text gives.
    Refused,
    /// There is no such file, or nothing that matches.
    NotFound,
    /// There is such a file already.
    Exists,
    /// The gate or the system does not permit it.
    Denied,
    /// It needs a directory, and this is none.
    NotDirectory,
    /// It needs a file, and this is a directory.
    IsDirectory,
    /// The directory has something in it.
    NotEmpty,
    /// The file system can only be read.
    ReadOnly,
    /// It leads from one file system to another.
    Elsewhere,
    /// What the file system takes for no name, number or path.
    Invalid,
    /// The file would be larger than may be.
    TooLarge,
    /// Somebody else uses it just now.
    Busy,
    /// There is no room left.
    Full,
    /// The account has no room left.
    Quota,
    /// This cannot be done here at all.
    Unsupported,
    /// It was broken off.
    Aborted,
    /// It took too long.
    TimedOut,
    /// The words behind a command's or action's name do not fit it.
    Usage,
    /// There is no such command.
    NotUnderstood,
    /// The command comes at the wrong time.
    OutOfOrder,
    /// It needs a login.
    NotLoggedIn,
    /// The login is not granted.
    LoginRefused,
}

impl ErrorKind {
    /// What it is in a few words, for clients and logs.
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

    /// Whether it says how things are with a file that the client named, which any
    /// client can bring about and no administrator has to see.
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

/// An error, with what the client reads of it.
#[derive(Debug, Clone)]
pub struct Error {
    fault: Fault,
    kind: ErrorKind,
    code: Option<u16>,
    names_file: bool,
    message: String,
    told: Option<String>,
    /// The module that panicked.
    panicked: Option<Box<str>>,
}

impl Error {
    fn new(fault: Fault, kind: ErrorKind, message: String, told: Option<String>) -> Self {
        Self { fault, kind, code: None, names_file: false, message, told, panicked: None }
    }

    /// The client's fault, of a kind that says all there is to say.
    pub fn of(kind: ErrorKind) -> Self {
        Self::new(Fault::Client, kind, kind.words().to_owned(), None)
    }

    /// The client's fault: reply code (RFC 959 section 4.2) and text.
    pub fn client(code: u16, text: impl Into<String>) -> Self {
        let message = text.into();
        Self::new(Fault::Client, ErrorKind::Refused, message.clone(), Some(message)).with_code(code)
    }

    /// Whoever gave a command or an action used it wrongly.
    pub fn usage(text: impl Into<String>) -> Self {
        let message = text.into();
        Self::new(Fault::Client, ErrorKind::Usage, message.clone(), Some(message))
    }

    /// The configuration's fault: the text is for the administrator.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Fault::Configuration, ErrorKind::Failed, message.into(), None)
    }

    /// The system's fault: the text is for the administrator.
    pub fn system(message: impl Into<String>) -> Self {
        Self::new(Fault::System, ErrorKind::Failed, message.into(), None)
    }

    /// A panic that `module` raised.
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

    /// Chooses the reply code in place of the kind's.
    #[must_use]
    pub fn with_code(mut self, code: u16) -> Self {
        self.code = Some(code);
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

    /// Names the file: the client reads its name and what is wrong with it. The
    /// dialogue does that where the command's argument is the name.
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

    /// The module whose panic it is, which may be another one than the module that
    /// was called.
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

    /// The reply code, where somebody chose one: else the kind says it.
    pub fn code(&self) -> Option<u16> {
        self.code
    }

    /// What the client reads, who learns nothing of what is the administrator's.
    pub fn text(&self) -> &str {
        self.told.as_deref().unwrap_or(self.kind.words())
    }

    /// Whether the text is more than the kind's words.
    pub fn has_text(&self) -> bool {
        self.told.is_some()
    }

    /// Whether the text names the file that it is about.
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

/// An error of the file system, told to the client in the system's words, as
/// ProFTPD does.
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
            // A loop of links has no stable kind; any client can make one.
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
