//! Objects that one image makes and another holds, and the traits for calling them.

use std::mem::ManuallyDrop;

use crate::guard::home::Home;

/// A value that another image holds. It is dropped under the guard; `guarded!` declares the traits
/// for calling it.
pub struct Guarded<T> {
    value: ManuallyDrop<T>,
    home: Home,
}

impl<T> Guarded<T> {
    /// Wraps a value.
    pub fn new(home: Home, value: T) -> Self {
        Self { value: ManuallyDrop::new(value), home }
    }

    /// The wrapped value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The wrapped value, mutably.
    pub fn value_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The home of the value's code.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The value, mutably, and its home.
    pub fn parts_mut(&mut self) -> (&mut T, &Home) {
        (&mut self.value, &self.home)
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // SAFETY: only this line takes the value, once, and `self` is consumed.
        #[allow(unsafe_code)]
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        self.home.drop(value);
    }
}

/// Declares a trait by which one image calls objects of another, and implements it for [`Guarded`]:
/// a panic in a method, in the poll of its future or in a drop never leaves the object's image.
///
/// ```text
/// guarded! {
///     /// Where files are.
///     pub trait Store: Send + Sync {
///         /// Opens a file.
///         async fn open(&self, path: &VirtualPath) -> Result<Box<dyn File>>;
///         /// What it is, for logs.
///         fn facts(&self) -> Value {
///             Value::None
///         }
///     }
/// }
/// ```
/// Methods take `&self` or `&mut self`, are plain or `async`, and may have a body. They return an
/// [`Output`](super::Output): a `Box<dyn File>` in it is guarded too if its trait is declared with
/// this macro. A panic becomes the error of a `Result`; for a type with an empty value (`()`, an
/// `Option`, a `Value`...) it becomes that value and a line in the log
/// ([`OnPanic`](super::OnPanic)).
///
/// An `async` method runs with the module's runtime entered. A plain one does not: it costs no more
/// than a call, and must not wait.
macro_rules! guarded {
    // First the trait as readers see it, then the guarded version of each method: for any object
    // that a module hands over, and for boxed ones.
    ($(#[$meta:meta])* $visible:vis trait $name:ident $(: $bound:ident $(+ $more:ident)*)? { $($methods:tt)* }) => {
        $(#[$meta])*
        #[::async_trait::async_trait]
        $visible trait $name $(: $bound $(+ $more)*)? { $($methods)* }

        $crate::guard::guarded::guarded! { @impl [impl<T: $name> $name for $crate::guard::guarded::Guarded<T>] [] $($methods)* }
        $crate::guard::guarded::guarded! { @impl [impl $name for $crate::guard::guarded::Guarded<Box<dyn $name>>] [] $($methods)* }

        impl $crate::guard::output::Output for Box<dyn $name> {
            const HOLDS: bool = true;

            fn guarded(self, home: &$crate::guard::home::Home) -> Self {
                Box::new($crate::guard::guarded::Guarded::new(home.clone(), self))
            }
        }
    };

    (@impl [$($header:tt)*] [$($done:tt)*]) => {
        #[::async_trait::async_trait]
        $($header)* { $($done)* }
    };
    (@impl $header:tt $done:tt
     $(#[$meta:meta])* $($word:ident)+ ($($arguments:tt)*) $(-> $answer:ty)?; $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @method $header $done [$($word)+] ($($arguments)*) [$($answer)?] $($rest)* }
    };
    (@impl $header:tt $done:tt
     $(#[$meta:meta])* $($word:ident)+ ($($arguments:tt)*) $(-> $answer:ty)? $body:block $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @method $header $done [$($word)+] ($($arguments)*) [$($answer)?] $($rest)* }
    };

    (@method $header:tt [$($done:tt)*] [fn $method:ident]
     (&self $(, $name:ident: $type:ty)* $(,)?) [$($answer:ty)?] $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @impl $header [$($done)*
            fn $method(&self $(, $name: $type)*) $(-> $answer)? {
                self.home().at_once(move || self.value().$method($($name),*))
            }
        ] $($rest)* }
    };
    (@method $header:tt [$($done:tt)*] [fn $method:ident]
     (&mut self $(, $name:ident: $type:ty)* $(,)?) [$($answer:ty)?] $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @impl $header [$($done)*
            fn $method(&mut self $(, $name: $type)*) $(-> $answer)? {
                let (value, home) = self.parts_mut();
                home.at_once(move || value.$method($($name),*))
            }
        ] $($rest)* }
    };
    (@method $header:tt [$($done:tt)*] [async fn $method:ident]
     (&self $(, $name:ident: $type:ty)* $(,)?) [$($answer:ty)?] $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @impl $header [$($done)*
            async fn $method(&self $(, $name: $type)*) $(-> $answer)? {
                $crate::guard::call::Call::new(self.home(), move || self.value().$method($($name),*)).await
            }
        ] $($rest)* }
    };
    (@method $header:tt [$($done:tt)*] [async fn $method:ident]
     (&mut self $(, $name:ident: $type:ty)* $(,)?) [$($answer:ty)?] $($rest:tt)*) => {
        $crate::guard::guarded::guarded! { @impl $header [$($done)*
            async fn $method(&mut self $(, $name: $type)*) $(-> $answer)? {
                let (value, home) = self.parts_mut();
                $crate::guard::call::Call::new(home, move || value.$method($($name),*)).await
            }
        ] $($rest)* }
    };
}

pub(crate) use guarded;
