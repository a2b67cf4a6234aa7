//! Return types of guarded methods: which objects in them must be guarded, and what replaces them
//! when the method panics.

use std::os::fd::BorrowedFd;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::guard::home::{Home, message};
use crate::log::{self, Level};
use crate::value::Value;

/// The return type of a guarded method. A type that holds objects of the image that made it guards
/// each of them; all other types write `impl Output for X {}`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned across images",
    note = "`impl Output for` it: leave it empty if the type holds no objects of a module; otherwise guard each of them"
)]
pub trait Output: Sized {
    /// Whether it can hold such objects.
    const HOLDS: bool = false;

    /// Guards all objects in it. Called in the image that made it.
    #[must_use]
    fn guarded(self, _home: &Home) -> Self {
        self
    }
}

/// What a guarded method returns when it panics. A method that decides something must not have such
/// a default; it returns a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no value for a panic",
    note = "let the method return a `Result`: a panic then becomes an error"
)]
pub trait OnPanic: Output {
    /// The value for an error from the guard around the object at `home`.
    fn on_panic(error: Error, home: &Home) -> Self;
}

impl Home {
    /// Runs `work` under the guard, without entering a runtime: that takes ten times as long as a
    /// call that does not wait, and writes to a counter that all threads share.
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

plain! { () bool u8 u16 u32 u64 usize i64 String Value Duration BorrowedFd<'_> }

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

/// Returns the empty value; the log says why.
fn nothing<T: Default>(error: &Error, home: &Home) -> T {
    log::write(Level::Error, &home.module, format_args!("{error}"));
    T::default()
}
