//! The demonstration: a server on 127.0.0.1:2121 with all its state in
//! `./gantry-data`, which is created at the first start and then kept.

mod state;
mod users;

use std::net::SocketAddr;

use gantry_api::Layout;
use gantry_server::{Family, Generation, Images, Manner, Override, Source, StartError};

use state::{State, Users};

/// Creates the state if it is missing, and runs the server.
pub fn run(images: Images, overrides: Vec<Override>) -> Result<(), StartError> {
    let state = State::open(&images)?;
    if let Some(users) = state.missing {
        if users == Users::Database {
            users::write_database(&state, &images)?;
        }
        state.complete(users)?;
    }
    let source = Source { path: state.configuration(), defines: Vec::new(), overrides, family: Family::Any };
    gantry_server::run(source, images, Manner::default(), |addresses, generation| {
        announce(&state, addresses, generation);
    })
}

fn announce(state: &State, addresses: &[SocketAddr], generation: &Generation) {
    for address in addresses {
        println!("Gantry serves ftp://{address}/");
    }
    println!("  user      {}", state.user);
    println!("  password  {}", state.password);
    println!("  files     {}", state.files().display());
    println!("  settings  {}", state.configuration().display());
    if let Some(address) = addresses.first() {
        println!("  try       curl -u '{}:{}' ftp://{address}/", state.user, state.password);
    }
    if let (Some(address), true) = (addresses.first(), generation.modules.iter().any(|module| module.name == "mod_tls"))
    {
        println!("  with TLS  curl --ssl-reqd --insecure -u '{}:{}' ftp://{address}/", state.user, state.password);
    }
    if cfg!(feature = "ctrls") {
        println!("  operate   gantry --socket {} lsmod", state.control_socket().display());
    }
    println!("Modules:");
    for module in &generation.modules {
        let layout = match module.image().layout() {
            Layout::Linked => "linked in".to_owned(),
            Layout::Loaded => format!("loaded from {}", module.image().shown()),
        };
        println!("  {:16} {:8} {layout}", module.name, module.version);
    }
    println!("Press Ctrl-C to stop.");
}
