//! mod_mark: leaves the file `mark` in the daemon's working directory as soon
//! as any of its code runs, be it a constructor. So a test sees whether a module
//! that was refused had been let in before.

use gantry_api::prelude::*;

#[derive(Default)]
struct Mark;

module! { Mark }

#[async_trait]
impl Module for Mark {}

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = leave_mark;

extern "C" fn leave_mark() {
    let _ = std::fs::write("mark", "a constructor ran");
}
