//! The name of a new module, and what is called after it: its crate, its type,
//! its directive.

use super::error::KitError;

/// A name that a module may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    module: String,
}

impl Name {
    /// Takes a name, such as `mod_greet`.
    ///
    /// # Errors
    /// Cargo, Rust or LoadModule would not have it.
    pub fn new(name: &str) -> Result<Self, KitError> {
        let refuse = |reason| Err(KitError::Name { name: name.to_owned(), reason });
        let Some(stem) = name.strip_prefix("mod_") else { return refuse("it must begin with mod_") };
        if !stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return refuse("behind mod_ stand small letters, digits and _ alone");
        }
        if !stem.starts_with(|first: char| first.is_ascii_lowercase()) {
            return refuse("behind mod_ a letter comes first");
        }
        if stem.ends_with('_') || stem.contains("__") {
            return refuse("each _ stands between two words");
        }
        if name.len() > LONGEST {
            return refuse("it is longer than 48 letters");
        }
        Ok(Self { module: name.to_owned() })
    }

    /// The module's name.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// A text about mod_greet as one about this module.
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

    /// The type's name, which must be no keyword, and none that its file uses already.
    fn kind(&self) -> String {
        let words = self.words();
        if TAKEN.contains(&words.as_str()) { format!("{words}Module") } else { words }
    }
}

const LONGEST: usize = 48;
/// A keyword, what the module's file names, all of the api's prelude, and what of
/// std's a macro or an author may name.
#[rustfmt::skip]
const TAKEN: [&str; 50] = [
    "Self", "Settings", "Deserialize",
    "Answer", "Asked", "Command", "Contexts", "Error", "Hook", "Module", "Moment", "PathArgument", "Phase", "Reply",
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
            assert!(Name::new(name).unwrap_err().to_string().contains("is no name for a module"), "{name}");
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
