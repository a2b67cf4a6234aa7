//! The module's settings in one scope. `directives` has the parsers.

use std::path::PathBuf;

use gantry_api::{parse, settings};
use serde::Deserialize;

use crate::directives;

settings! {
    /// The settings of one scope.
    #[derive(Debug, Clone)]
    pub struct Settings {
        /// Whether SQLAuthTypes has the types of this module: Argon2, Bcrypt, MD5, PBKDF2, Scrypt, SHA1, SHA256, SHA512,
        /// SSHA and Sodium.
        pub engine: bool = SQLPasswordEngine "on|off" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: parse::on_off;
        /// The encoding of the passwords in the database: `hex` in lower case, `HEX` in upper case.
        pub encoding: Encoding = SQLPasswordEncoding "base64|hex|HEX" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "hex", parse: directives::encoding;
        /// What happens to password and salt before they are hashed together.
        pub options: Vec<PasswordOption> = SQLPasswordOptions "[HashPassword] [HashEncodePassword] [HashSalt] [HashEncodeSalt]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::options;
        /// How often password and salt are hashed and encoded.
        pub rounds: u32 = SQLPasswordRounds "count" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "1", parse: directives::rounds;
        /// A file with a salt for all users. One newline at its end does not count.
        pub salt_file: Option<SaltFile> = SQLPasswordSaltFile "path|none [Prepend|Append]" in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::salt_file;
        /// The salt of each user: the name, or what a named query returns for it. At the same place (Prepend, Append) it
        /// replaces that of SQLPasswordSaltFile.
        pub user_salt: Option<UserSalt> = SQLPasswordUserSalt "name|sql:/query [Prepend|Append]"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::user_salt;
        /// The encoding of salts.
        pub salt_encoding: SaltEncoding = SQLPasswordSaltEncoding "base64|hex|HEX|none" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "none", parse: directives::salt_encoding;
        /// The parameters of PBKDF2, or the named query that returns them for a user.
        pub pbkdf2: Option<Pbkdf2> = SQLPasswordPBKDF2 "digest iterations length | sql:/query"
            in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: directives::pbkdf2;
        /// The length of scrypt's hashes in bytes.
        pub scrypt: usize = SQLPasswordScrypt "length" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "32", parse: directives::scrypt;
        /// The length of Argon2's hashes in bytes.
        pub argon2: usize = SQLPasswordArgon2 "length" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "32", parse: directives::argon2;
        /// The cost of scrypt and Argon2: 16 and 32 MB of memory per login, or 1 GB and 512 MB.
        pub cost: Cost = SQLPasswordCost "interactive|sensitive" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "interactive", parse: directives::cost;
    }
}

/// SQLPasswordEncoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// With padding.
    Base64,
    /// In lower case.
    Hex,
    /// In upper case. A setting's value has no case, so it has a name of its own.
    UpperHex,
}

/// SQLPasswordSaltEncoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SaltEncoding {
    /// With padding.
    Base64,
    /// In either case.
    Hex,
    /// The salt as it is.
    None,
}

/// One of SQLPasswordOptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum PasswordOption {
    /// The password is hashed first.
    #[serde(rename = "HashPassword")]
    Password,
    /// The password is hashed and encoded first, if there is a salt.
    #[serde(rename = "HashEncodePassword")]
    EncodePassword,
    /// The salt is hashed first.
    #[serde(rename = "HashSalt")]
    Salt,
    /// The salt is hashed and encoded first.
    #[serde(rename = "HashEncodeSalt")]
    EncodeSalt,
}

/// Where a salt goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Before the password.
    Prepend,
    /// After it.
    Append,
}

/// SQLPasswordSaltFile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SaltFile {
    /// The file.
    pub path: PathBuf,
    /// Where its salt goes.
    pub side: Side,
}

/// SQLPasswordUserSalt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserSalt {
    /// The named query; without one it is the user's name.
    #[serde(default)]
    pub query: Option<String>,
    /// Where the salt goes.
    pub side: Side,
}

/// SQLPasswordPBKDF2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pbkdf2 {
    /// The digest, the number of iterations and the length in bytes.
    Fixed(String, u32, usize),
    /// The named query.
    Query(String),
}

impl Pbkdf2 {
    /// The named query, if there is one.
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Query(query) => Some(query),
            Self::Fixed(..) => None,
        }
    }
}

/// SQLPasswordCost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// For a login.
    Interactive,
    /// For what must not be guessed.
    Sensitive,
}
