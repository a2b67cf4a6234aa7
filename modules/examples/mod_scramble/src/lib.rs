//! mod_scramble, an example module: a layer around control and data connections. `AUTH SCRAMBLE`
//! puts it around the control connection, `CCC` removes it, `PROT S` and `PROT C` turn it on and
//! off for data connections.
//!
//! It scrambles bytes but protects nothing. It shows how a module that does protect, such as one
//! for TLS, works with a session.

mod scramble;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use gantry_api::layer::{Layer, LayerMaker};
use gantry_api::prelude::*;
use serde::Deserialize;

use scramble::Scramble;

#[derive(Default)]
struct ScrambleModule;

module! { ScrambleModule, settings: Settings }

settings! {
    /// The settings of one server.
    struct Settings {
        /// Whether clients may scramble connections; `implicit` scrambles control connections from
        /// the first byte.
        engine: Engine = ScrambleEngine "on|off|implicit" in SERVER | VHOST | GLOBAL,
            inherits: replace, default: "off", parse: engine;
    }
}

/// The words of ScrambleEngine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    Off,
    On,
    Implicit,
}

command! {
    /// Scrambles the control connection after the reply.
    AUTH "<sp> mechanism", class: AUTH, login: no, feature: "AUTH SCRAMBLE", at_once: auth;
    /// Turns the scrambling of data connections on (S) or off (C).
    PROT "<sp> level", class: AUTH, login: no, at_once: prot;
    /// Stops scrambling the control connection.
    CCC "", class: AUTH, at_once: ccc;
    /// Shows how many scrambled bytes the control connection has received.
    SITE_SCRAMBLED "", class: INFO, at_once: tell;
}

impl Module for ScrambleModule {
    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::connect()]
    }

    /// A client has connected and nothing has been sent yet.
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        if at.settings::<Settings>().engine == Engine::Implicit {
            at.secure(Scramble::new(seed()))?;
        }
        Ok(Step::Next)
    }
}

fn auth(at: &mut Moment<'_>) -> Result<Step> {
    match at.settings::<Settings>().engine {
        Engine::Off => refuse(500, "AUTH not understood"),
        _ if !at.command.argument.eq_ignore_ascii_case(b"SCRAMBLE") => refuse(504, "AUTH: unknown mechanism"),
        _ => {
            at.secure(Scramble::new(seed()))?;
            at.respond(234, "AUTH SCRAMBLE successful");
            Ok(Step::Done)
        }
    }
}

fn prot(at: &mut Moment<'_>) -> Result<Step> {
    match at.command.argument.to_ascii_uppercase().as_slice() {
        _ if at.settings::<Settings>().engine == Engine::Off => return refuse(500, "PROT not understood"),
        b"S" => at.protect(Maker),
        b"C" => at.dialogue.data.protect(None),
        _ => return refuse(536, "PROT: unsupported level"),
    }
    at.respond(200, "Protection set");
    Ok(Step::Done)
}

fn ccc(at: &mut Moment<'_>) -> Result<Step> {
    at.dialogue.control.clear()?;
    at.respond(200, "Clearing control channel protection");
    Ok(Step::Done)
}

fn tell(at: &mut Moment<'_>) -> Result<Step> {
    match at.dialogue.control.facts().entry("received").and_then(Value::int) {
        Some(received) => at.respond(200, format!("{received} bytes received")),
        None => return refuse(550, "Not scrambled"),
    }
    Ok(Step::Done)
}

/// Makes a layer for each data connection.
struct Maker;

impl LayerMaker for Maker {
    fn layer(&mut self) -> Result<Box<dyn Layer>> {
        Ok(Box::new(Scramble::new(seed())))
    }
}

fn seed() -> u32 {
    (RandomState::new().build_hasher().finish() >> 32) as u32
}

fn engine(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?.to_ascii_lowercase();
    match (parse::switch(&word), word.as_str()) {
        (Some(true), _) => Ok(Value::from("on")),
        (Some(false), _) => Ok(Value::from("off")),
        (None, "implicit") => Ok(Value::from("implicit")),
        _ => Err(ParseError::new(format!("expected on, off or implicit, found '{word}'")).at(&word)),
    }
}
