//! mod_load: does to the process that loads it, in a constructor, what the file
//! `way` in the working directory says.

use gantry_api::prelude::*;

#[derive(Default)]
struct Load;

module! { Load }

#[async_trait]
impl Module for Load {}

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = act;

extern "C" fn act() {
    match std::fs::read_to_string("way").unwrap_or_default().as_str() {
        "abort" => {
            eprintln!("the place is on fire");
            std::process::abort();
        }
        "exit" => std::process::exit(0),
        // The code with which a trial says that all went well.
        "pretend" => std::process::exit(86),
        "hang" => loop {
            std::thread::park();
        },
        _ => {}
    }
}
