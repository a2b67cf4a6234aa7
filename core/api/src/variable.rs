//! Variables in log formats, messages and SQL statements: their subject, how they write their
//! values, and how a module contributes one (`variable!`). The grammar, and the variables of every
//! server, are in gantry-format.

use std::fmt::Display;
use std::io::Write;
use std::time::SystemTime;

use gantry_proto::command::Command;

use crate::command_info::CommandInfo;
use crate::dialogue::Dialogue;
use crate::files::Files;
use crate::guard;
use crate::log::{self, Level};
use crate::session::Session;
use crate::value::Value;

/// The subject of a variable; [`crate::Moment::subject`] makes one.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The session.
    pub session: &'a Session,
    /// The session's files.
    pub files: &'a dyn Files,
    /// The dialogue that brought the command.
    pub dialogue: &'a Dialogue,
    /// The command.
    pub command: &'a Command,
    /// Facts about the command, if a module declares it.
    pub info: Option<&'a CommandInfo>,
    /// The current time.
    pub now: SystemTime,
}

/// The type of a variable's values, for logs that distinguish types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A point in time: seconds since 1970.
    Time,
}

/// Where a variable writes its value. A variable that writes nothing has no value this time.
pub struct Out<'o> {
    buffer: &'o mut Vec<u8>,
    written: Written,
}

/// What a variable has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Nothing: it has no value.
    Nothing,
    /// Text, which may be empty.
    Text,
    /// A number, in digits.
    Int(i64),
}

impl<'o> Out<'o> {
    /// Writes to the end of a buffer.
    pub fn new(buffer: &'o mut Vec<u8>) -> Self {
        Self { buffer, written: Written::Nothing }
    }

    /// Writes text unchanged.
    pub fn text(&mut self, text: impl AsRef<[u8]>) {
        self.buffer.extend_from_slice(text.as_ref());
        self.written = Written::Text;
    }

    /// Writes a displayable value.
    pub fn show(&mut self, shown: impl Display) {
        // Writing to a vector cannot fail; if a value's Display fails, the text ends early.
        let _ = write!(self.buffer, "{shown}");
        self.written = Written::Text;
    }

    /// Writes a whole number; one above [`i64::MAX`] becomes [`i64::MAX`].
    pub fn int(&mut self, number: impl TryInto<i64>) {
        let number = number.try_into().unwrap_or(i64::MAX);
        let before = self.written;
        self.show(number);
        if before == Written::Nothing {
            self.written = Written::Int(number);
        }
    }

    /// Writes the value of a note. Lists and maps have no text.
    pub fn value(&mut self, value: Option<&Value>) {
        match value {
            None | Some(Value::None | Value::List(_) | Value::Map(_)) => {}
            Some(Value::Bool(yes)) => self.show(yes),
            Some(Value::Int(number)) => self.int(*number),
            Some(Value::Float(number)) => self.show(number),
            Some(Value::Text(text)) => self.text(text),
            Some(Value::Bytes(bytes)) => self.text(bytes),
        }
    }

    /// What has been written so far.
    pub fn written(&self) -> Written {
        self.written
    }
}

/// Writes a variable's value.
pub type WriteValue = fn(&Subject<'_>, &mut Out<'_>);

/// A variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The package that declares it.
    pub module: &'static str,
    /// Its name without percent sign and braces. A name of one letter is written `%a`, a longer one
    /// `%{name}`.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// What its value means.
    pub help: &'static str,
    /// Writes its value.
    pub write: WriteValue,
}

inventory::collect!(Variable);

/// Makes a module write a variable's value. `variable!` puts the call into the module's image.
#[doc(hidden)]
pub fn write_guarded(module: &str, write: WriteValue, subject: &Subject<'_>, out: &mut Out<'_>) {
    let written = guard::call(module, || {
        write(subject, out);
        Ok(())
    });
    if let Err(error) = written {
        log::write(Level::Error, module, format_args!("{error} (in a variable)"));
    }
}

/// Contributes variables. Each name is prefixed with its module's: in mod_motto, `"read"` declares
/// the variable `%{mod_motto.read}`. Without a function, it is the session's note of that name:
///
/// ```text
/// variable! {
///     /// The lines of mottos that the client has read.
///     "read": Int;
///     /// The client's working directory in lower case.
///     "folder": Text = |subject, out| out.text(subject.session.cwd.as_bytes().to_ascii_lowercase());
/// }
/// ```
#[macro_export]
macro_rules! variable {
    ($($(#[doc = $help:literal])+ $name:literal: $kind:ident $(= $write:expr)?);+ $(;)?) => {
        $(const _: () = {
            const MODULE: &str = env!("CARGO_PKG_NAME");
            const NAME: &str = concat!(env!("CARGO_PKG_NAME"), ".", $name);
            $crate::inventory::submit! {
                $crate::variable::Variable {
                    module: MODULE,
                    name: NAME,
                    kind: $crate::variable::Kind::$kind,
                    help: concat!($($help, "\n"),+),
                    // Runs under the guard of this image.
                    write: |subject, out| {
                        let write: $crate::variable::WriteValue = $crate::variable!(@write NAME $($write)?);
                        $crate::variable::write_guarded(MODULE, write, subject, out);
                    },
                }
            }
        };)+
    };
    (@write $note:ident) => { |subject, out| out.value(subject.session.notes.get($note)) };
    (@write $note:ident $write:expr) => { $write };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Out<'_>)) -> (Vec<u8>, Written) {
        let mut buffer = b"|".to_vec();
        let mut out = Out::new(&mut buffer);
        write(&mut out);
        let written = out.written();
        (buffer, written)
    }

    #[test]
    fn numbers_stay_numbers_and_text_may_be_empty() {
        assert_eq!(written(|out| out.int(42_u64)), (b"|42".to_vec(), Written::Int(42)));
        assert_eq!(written(|out| out.int(u64::MAX)).1, Written::Int(i64::MAX));
        assert_eq!(written(|out| out.text("")), (b"|".to_vec(), Written::Text));
        assert_eq!(written(|_| {}), (b"|".to_vec(), Written::Nothing));
        let mixed = |out: &mut Out<'_>| {
            out.text("up ");
            out.int(-1);
        };
        assert_eq!(written(mixed), (b"|up -1".to_vec(), Written::Text));
    }

    #[test]
    fn a_note_is_written_as_what_it_is() {
        for (value, wanted) in [
            (Value::None, (&b"|"[..], Written::Nothing)),
            (Value::Bool(true), (b"|true", Written::Text)),
            (Value::Int(-7), (b"|-7", Written::Int(-7))),
            (Value::Float(0.5), (b"|0.5", Written::Text)),
            (Value::from("x"), (b"|x", Written::Text)),
            (Value::Bytes(vec![0xff]), (b"|\xff", Written::Text)),
            (Value::list(["x"]), (b"|", Written::Nothing)),
        ] {
            let (bytes, kind) = written(|out| out.value(Some(&value)));
            assert_eq!((&bytes[..], kind), wanted, "{value:?}");
        }
        assert_eq!(written(|out| out.value(None)).1, Written::Nothing);
    }
}
