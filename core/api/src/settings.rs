//! Settings: the configuration in one scope, as a module's own type. `settings!` declares a
//! module's directives and the type that holds them in one place, so that no name or default is
//! written twice.

use std::any::{Any, TypeId};
use std::fmt;

use serde::de::value::SeqDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Visitor};

use crate::directive::{Directive, Inherits};
use crate::value::{KeyedValue, Value, ValueError};

/// A type that holds the configuration in one scope; `settings!` implements it.
pub trait FromScope: Sized + Send + Sync + 'static {
    /// Builds it from a scope's values.
    ///
    /// # Errors
    /// If a value does not fit; the directive's name is the key.
    fn from_scope(values: &ScopeValues<'_>) -> Result<Self, ValueError>;

    /// The names of the directives that it reads.
    fn directives() -> Vec<&'static str>;

    /// The part of it that is of a type.
    fn part(&self, _wanted: TypeId) -> Option<&dyn Any> {
        None
    }
}

/// Settings of any type, as the server holds them for the image that made them.
pub trait AnySettings: Any + Send + Sync {
    /// The part of them that is of a type.
    fn part_of_type(&self, wanted: TypeId) -> Option<&dyn Any>;
}

impl<S: FromScope> AnySettings for S {
    fn part_of_type(&self, wanted: TypeId) -> Option<&dyn Any> {
        self.part(wanted)
    }
}

/// Settings as their own image reads them: all of them, or a part.
///
/// # Panics
/// When they have no part of the type `S`: the module's fault.
pub(crate) fn typed<S: 'static>(settings: &dyn AnySettings) -> &S {
    let all: &dyn Any = settings;
    let found = all.downcast_ref().or_else(|| settings.part_of_type(TypeId::of::<S>())?.downcast_ref());
    found.expect("the settings type that module! names, or a part of it")
}

/// A part of settings, or a part of that; for `settings!`.
#[doc(hidden)]
pub fn inner_part<S: FromScope>(part: &S, wanted: TypeId) -> Option<&dyn Any> {
    if wanted == TypeId::of::<S>() { Some(part) } else { part.part(wanted) }
}

/// The values in one scope: those from the configuration, and the directives' defaults for the
/// rest.
#[derive(Debug, Clone, Copy)]
pub struct ScopeValues<'a> {
    given: &'a Value,
    defaults: &'a Defaults,
}

impl<'a> ScopeValues<'a> {
    /// `given` maps directive names to values.
    pub fn new(given: &'a Value, defaults: &'a Defaults) -> Self {
        Self { given, defaults }
    }

    /// The value of a directive, or its default. Without either, an `Option` is `None` and a list
    /// is empty.
    ///
    /// # Errors
    /// If it does not fit the type, or the type needs a value and there is none.
    pub fn setting<T: DeserializeOwned>(&self, directive: &'static str) -> Result<T, ValueError> {
        match self.given.entry(directive).or_else(|| self.defaults.of(directive)) {
            Some(value) => T::deserialize(KeyedValue { key: directive, value }),
            None => T::deserialize(Absent { directive }),
        }
    }
}

/// The defaults of directives, read by their own parsers.
#[derive(Debug, Clone, Default)]
pub struct Defaults(Vec<(String, Value)>);

/// A default that its own directive's parser rejects, which is a bug in the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultError {
    /// The directive's module.
    pub module: String,
    /// The directive.
    pub directive: String,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for DefaultError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the parser of {} rejects its own default: {}", self.directive, self.reason)
    }
}

impl std::error::Error for DefaultError {}

impl Defaults {
    /// Reads the defaults of all directives. If two have the same name, the first counts.
    ///
    /// # Errors
    /// The first default that cannot be read.
    pub fn read<'d>(directives: impl IntoIterator<Item = &'d Directive>) -> Result<Self, DefaultError> {
        let mut defaults: Vec<(String, Value)> = Vec::new();
        for directive in directives {
            let Some(text) = directive.default else { continue };
            let words = words(text);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let value = (directive.parse)(&words).map_err(|reason| DefaultError {
                module: directive.module.to_owned(),
                directive: directive.name.to_owned(),
                reason: reason.to_string(),
            })?;
            let value = match directive.inherits {
                Inherits::Append => Value::List(vec![value]),
                Inherits::Sections => Value::List(vec![Value::List(vec![value])]),
                Inherits::Replace | Inherits::No => value,
            };
            defaults.push((directive.name.to_owned(), value));
        }
        defaults.sort_by(|(one, _), (other, _)| one.cmp(other));
        defaults.dedup_by(|(again, _), (first, _)| again == first);
        Ok(Self(defaults))
    }

    fn of(&self, directive: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|(name, _)| name.as_str().cmp(directive)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }
}

/// Settings from some values and the defaults of this image's directives, for a module's own tests.
///
/// # Errors
/// As for [`FromScope::from_scope`], or if a default cannot be read.
pub fn of_values<'v, S: FromScope>(values: impl IntoIterator<Item = (&'v str, Value)>) -> Result<S, ValueError> {
    let defaults = Defaults::read(inventory::iter::<Directive>)
        .map_err(|error| ValueError { message: error.to_string(), key: Some(error.directive.clone()) })?;
    let given = Value::Map(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    S::from_scope(&ScopeValues::new(&given, &defaults))
}

/// The words of a default, as in a configuration: separated by blanks; quotes group words.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None, false);
    for letter in text.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_with(String::new);
            }
            letter if letter.is_whitespace() && !quoted => words.extend(word.take()),
            letter => word.get_or_insert_with(String::new).push(letter),
        }
    }
    words.extend(word);
    words
}

/// A directive that is not given and has no default.
struct Absent {
    directive: &'static str,
}

impl<'de> Deserializer<'de> for Absent {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
        Err(ValueError { message: "is required, but missing".to_owned(), key: Some(self.directive.to_owned()) })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_none()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_seq(SeqDeserializer::<_, ValueError>::new(std::iter::empty::<&Value>()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The settings of a module that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSettings;

impl FromScope for NoSettings {
    fn from_scope(_: &ScopeValues<'_>) -> Result<Self, ValueError> {
        Ok(Self)
    }

    fn directives() -> Vec<&'static str> {
        Vec::new()
    }
}

/// Declares a module's directives, and the type that holds their values in one scope; `module!`
/// names the type.
///
/// ```text
/// settings! {
///     /// What the configuration says, for one scope.
///     struct Settings {
///         /// Whether an upload or a rename may replace a file.
///         overwrite: bool = AllowOverwrite "on|off" in SERVER | VHOST | DIRECTORY,
///             inherits: replace, default: "off", parse: parse::on_off;
///         /// The umask of new files, and of new directories.
///         umask: Option<(u32, u32)> = Umask;
///         /// What holds for listings.
///         listings: listings::Settings;
///     }
/// }
/// ```
///
/// - A field with a whole declaration is a directive of this module, and its comment is the
///   directive's help. What follows the directive's name is as in [`crate::directive!`]. The type
///   is what serde makes from the parser's value. A directive without a default needs an `Option`
///   or a list.
/// - A field with only a name is a directive of the server or another module. It is an `Option`,
///   since that module may be absent; if present, its default applies here too.
/// - A field without a directive is another `settings!` type: a part of the module with its own
///   file, which `at.settings` finds by its type.
#[macro_export]
macro_rules! settings {
    ($(#[doc = $doc:literal])* $(#[derive($($derived:path),+)])? $visible:vis struct $name:ident {
        $($(#[doc = $help:literal])* $shown:vis $field:ident: $type:ty
          $(= $directive:ident $($syntax:literal in $($context:ident)|+, inherits: $inherits:ident
            $(, default: $default:literal)? $(, otherwise: $otherwise:literal)? $(, parse: $parse:expr)?
            $(, secret: $secret:literal)?)?)?;)*
    }) => {
        $(#[doc = $doc])*
        $(#[derive($($derived),+)])?
        $visible struct $name {
            $($(#[doc = $help])* $shown $field: $type,)*
        }

        impl $crate::FromScope for $name {
            fn from_scope(
                values: &$crate::ScopeValues<'_>,
            ) -> ::core::result::Result<Self, $crate::ValueError> {
                ::core::result::Result::Ok(Self {
                    $($field: $crate::settings!(@read values $($directive)?)?,)*
                })
            }

            fn directives() -> ::std::vec::Vec<&'static str> {
                let mut names = ::std::vec::Vec::new();
                $($crate::settings!(@name names [$type] $($directive)?);)*
                names
            }

            fn part(&self, wanted: ::std::any::TypeId) -> ::core::option::Option<&dyn ::std::any::Any> {
                $($crate::settings!(@part self wanted $field $($directive)?);)*
                let _ = wanted;
                ::core::option::Option::None
            }
        }

        $($crate::settings! { @declare [$($help)*] $($directive [$($syntax in $($context)|+, inherits: $inherits
            $(, default: $default)? $(, otherwise: $otherwise)? $(, parse: $parse)? $(, secret: $secret)?)?])?
        })*
    };
    (@read $values:ident) => { $crate::FromScope::from_scope($values) };
    (@read $values:ident $directive:ident) => { $values.setting(stringify!($directive)) };
    (@name $names:ident [$type:ty]) => { $names.extend(<$type as $crate::FromScope>::directives()) };
    (@name $names:ident [$type:ty] $directive:ident) => { $names.push(stringify!($directive)) };
    (@part $settings:ident $wanted:ident $field:ident) => {
        if let ::core::option::Option::Some(part) = $crate::settings::inner_part(&$settings.$field, $wanted) {
            return ::core::option::Option::Some(part);
        }
    };
    (@part $settings:ident $wanted:ident $field:ident $directive:ident) => {};
    (@declare [$($help:literal)*]) => {};
    (@declare [$($help:literal)*] $directive:ident []) => {};
    (@declare [$($help:literal)+] $directive:ident [$($declared:tt)+]) => {
        $crate::directive! { $(#[doc = $help])+ $directive $($declared)+ }
    };
}
