//! The name of a new module, and the names derived from it: crate, type, directive.

use super::error::KitError;

/// A name that a module may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    module: String,
}

impl Name {
    /// Checks a name, such as `mod_greet`.
    ///
    /// # Errors
    /// Cargo, Rust or LoadModule would not accept it.
    pub fn new(name: &str) -> Result<Self, KitError> {
        let refuse = |reason| Err(KitError::Name { name: name.to_owned(), reason });
        let Some(stem) = name.strip_prefix("mod_") else { return refuse("it must start with mod_") };
        if !stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return refuse("after mod_ only lower-case letters, digits and _ are allowed");
        }
        if !stem.starts_with(|first: char| first.is_ascii_lowercase()) {
            return refuse("after mod_ there must be a letter");
        }
        if stem.ends_with('_') || stem.contains("__") {
            return refuse("each _ must be between two words");
        }
        if name.len() > LONGEST {
            return refuse("it is longer than 48 characters");
        }
        Ok(Self { module: name.to_owned() })
    }

    /// The module's name.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Turns a text about mod_greet into one about this module.
    pub fn renamed(&self, text: &str) -> String {
        let (kind, directive) = (self.kind(), format!("{}Message", self.words()));
        text.replace("GreetMessage", &directive)
            .replace("struct Greet;", &format!("struct {kind};"))
            .replace("module! { Greet,", &format!("module! {{ {kind},"))
            .replace("Module for Greet ", &format!("Module for {kind} "))
            .replace("mod_greet", &self.module)
    }

    /// `mod_rate_limit` as `RateLimit`.
    fn words(&self) -> String {
        let capital = |word: &str| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
        self.module.split('_').skip(1).map(capital).collect()
    }

    /// The type's name, which must not be a keyword or a name that its file uses.
    fn kind(&self) -> String {
        let words = self.words();
        if TAKEN.contains(&words.as_str()) { format!("{words}Module") } else { words }
    }
}

const LONGEST: usize = 48;
/// A keyword, names in the module's file, all of the api's prelude, and names from
/// std that a macro or an author may use.
#[rustfmt::skip]
const TAKEN: [&str; 50] = [
    "Self", "Settings", "Deserialize",
    "Answer", "Command", "Contexts", "ControlRequest", "Error", "Hook", "Module", "Moment", "PathArgument", "Phase", "Reply",
    "Result", "Session", "Start", "Step", "Value", "Verb", "VirtualPath",
    "AsMut", "AsRef", "Box", "Clone", "Copy", "Debug", "Default", "Drop", "Eq", "Err", "Extend", "Fn", "From", "Future",
    "Hash", "Into", "Iterator", "None", "Ok", "Option", "Ord", "Pin", "Send", "Sized", "Some", "String", "Sync", "Unpin",
    "Vec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_cargo_rust_and_loadmodule_take() {
        for name in ["mod_greet", "mod_rate_limit", "mod_x2"] {
            assert_eq!(Name::new(name).unwrap().module(), name);
        }
        let long = format!("mod_{}", "x".repeat(60));
        for name in [
            "greet",
            "mod_",
            "mod_Greet",
            "mod_2",
            "mod__x",
            "mod_x_",
            "mod_a__b",
            "mod_a-b",
            "mod_ä",
            "mod_a/b",
            "",
            &long,
        ] {
            assert!(Name::new(name).unwrap_err().to_string().contains("is not a valid module name"), "{name}");
        }
    }

    #[test]
    fn what_is_named_after_the_module_follows() {
        let text = "struct Greet;\nmodule! { Greet, x }\nimpl Module for Greet {\nGreetMessage mod_greet";
        let renamed = Name::new("mod_rate_limit").unwrap().renamed(text);
        assert_eq!(
            renamed,
            "struct RateLimit;\nmodule! { RateLimit, x }\nimpl Module for RateLimit {\nRateLimitMessage mod_rate_limit"
        );
        for (name, kind) in [("mod_hook", "HookModule"), ("mod_self", "SelfModule"), ("mod_super", "Super")] {
            assert!(Name::new(name).unwrap().renamed(text).starts_with(&format!("struct {kind};")), "{name}");
        }
    }
}
