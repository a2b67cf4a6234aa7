//! Everything that depends on the system, which is Linux: unsafe code behind safe functions, and
//! system calls in the form that the server needs. There is no policy here: who may do what is
//! decided elsewhere.
//!
//! Everything here blocks for as long as the kernel or a file system takes. Callers that must not
//! block use a thread that may.

pub mod directory;
pub mod handle;
pub mod home;
pub mod medium;
pub mod memfd;
pub mod own_file;
pub mod place;
pub mod resolve;
pub mod root;
pub mod roots;
pub mod transfer;

#[allow(unsafe_code)] // Calls the C library's fork.
pub mod background;
#[allow(unsafe_code)]
// setfsuid, setfsgid, setresuid and similar calls have no suitable safe binding.
pub mod credentials;
#[allow(unsafe_code)] // Calls the system's libcrypt.
pub mod crypt;
#[allow(unsafe_code)] // Calls the C library's fcntl, for locks that rustix lacks.
pub mod file_lock;
#[allow(unsafe_code)] // Calls the C library's getifaddrs.
pub mod interfaces;
#[allow(unsafe_code)] // Calls the C library's getnameinfo.
pub mod names;
#[allow(unsafe_code)] // Calls the system's libpam.
pub mod pam;
#[allow(unsafe_code)] // Calls the C library's getspnam_r.
pub mod shadow;
#[allow(unsafe_code)] // Calls the C library's signal.
pub mod signals;
#[allow(unsafe_code)] // Calls the C library's getpwnam_r and similar functions.
pub mod users;

pub use credentials::{
    Credentials, Keep, Switch, as_daemon, as_daemon_in_folder, as_user, become_user, give_up_powers_of_writing,
    hide_memory,
};
pub use directory::{Batch, Directory};
pub use medium::Medium;
pub use place::{Existing, Place};
pub use root::Root;
pub use roots::{Roots, SharedRoot};
pub use rustix::fs::{FileType, Mode, OFlags, Stat};
