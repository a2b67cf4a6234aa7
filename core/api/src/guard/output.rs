//! What a guarded method may answer: which objects in it come back guarded, and
//! what takes its place when the method panics.

use std::os::fd::BorrowedFd;
use std::panic::{self, AssertUnwindSafe};

use crate::error::{Error, Result};
use crate::guard::home::{Home, message};
use crate::log::{self, Level};
use crate::value::Value;

/// What a guarded method may answer. A type that holds objects of the image
/// that made it guards each of them; all other types say `impl Output for X {}`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to cross images",
    note = "`impl Output for` it: an empty one where it holds no object of a module's; else each such object is guarded"
)]
pub trait Output: Sized {
    /// Whether it may hold such objects.
    const HOLDS: bool = false;

    /// The same with all objects guarded; called in the image that made it.
    #[must_use]
    fn guarded(self, _home: &Home) -> Self {
        self
    }
}

/// What a guarded method answers when it panics. What decides something has no
/// such answer: its method answers with a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says nothing of a panic",
    note = "let the method answer with a `Result`: a panic is an error then"
)]
pub trait OnPanic: Output {
    /// The answer for an error of the guard's; the object is at `home`.
    fn on_panic(error: Error, home: &Home) -> Self;
}

impl Home {
    /// Runs `work` under the guard, no runtime entered: entering one takes ten
    /// times as long as a call that answers at once, and counts in memory that
    /// all threads share.
    #[inline]
    pub fn at_once<A: OnPanic>(&self, work: impl FnOnce() -> A) -> A {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| work().guarded(self)));
        caught.unwrap_or_else(|payload| A::on_panic(Error::panic(&self.module, &message(payload)), self))
    }
}

impl<T: Output> Output for Result<T> {
    const HOLDS: bool = T::HOLDS;

    #[inline]
    fn guarded(self, home: &Home) -> Self {
        self.map(|output| output.guarded(home))
    }
}

impl<T: Output> OnPanic for Result<T> {
    fn on_panic(error: Error, _home: &Home) -> Self {
        Err(error)
    }
}

impl<T: Output> Output for Option<T> {
    const HOLDS: bool = T::HOLDS;

    #[inline]
    fn guarded(self, home: &Home) -> Self {
        self.map(|output| output.guarded(home))
    }
}

impl<T: Output> OnPanic for Option<T> {
    fn on_panic(error: Error, home: &Home) -> Self {
        nothing(&error, home)
    }
}

impl<T: Output> Output for Vec<T> {
    const HOLDS: bool = T::HOLDS;

    fn guarded(self, home: &Home) -> Self {
        if !T::HOLDS {
            return self;
        }
        self.into_iter().map(|output| output.guarded(home)).collect()
    }
}

impl<T: Output> OnPanic for Vec<T> {
    fn on_panic(error: Error, home: &Home) -> Self {
        nothing(&error, home)
    }
}

impl<A: Output, B: Output> Output for (A, B) {
    const HOLDS: bool = A::HOLDS || B::HOLDS;

    #[inline]
    fn guarded(self, home: &Home) -> Self {
        (self.0.guarded(home), self.1.guarded(home))
    }
}

macro_rules! plain {
    ($($type:ty)*) => { $(impl Output for $type {})* };
}

plain! { () bool u8 u16 u32 u64 usize i64 String Value BorrowedFd<'_> }

macro_rules! nothing {
    ($($type:ty)*) => {
        $(impl OnPanic for $type {
            fn on_panic(error: Error, home: &Home) -> Self {
                nothing(&error, home)
            }
        })*
    };
}

nothing! { () String Value }

/// Nothing is the answer; the log tells why.
fn nothing<T: Default>(error: &Error, home: &Home) -> T {
    log::write(Level::Error, &home.module, format_args!("{error}"));
    T::default()
}
