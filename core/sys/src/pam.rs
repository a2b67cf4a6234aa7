//! Conversations with PAM (pam(3)): Linux-PAM's libpam, opened when it is needed, so that neither building nor starting
//! Gantry needs it. What an outcome means for a login is decided elsewhere.
//!
//! PAM's modules may do anything to the process, and take any time: use this in a process of its own, which somebody
//! else ends when it takes too long.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use zeroize::Zeroizing;

/// The most messages that are kept of a conversation, and the most bytes of each.
const MESSAGES: (usize, usize) = (16, 512);

const PAM_SUCCESS: c_int = 0;
const PAM_BUF_ERR: c_int = 5;
const PAM_CONV_ERR: c_int = 19;

const PAM_USER: c_int = 2;
const PAM_TTY: c_int = 3;
const PAM_RHOST: c_int = 4;
const PAM_RUSER: c_int = 8;
const PAM_FAIL_DELAY: c_int = 10;

const PAM_DISALLOW_NULL_AUTHTOK: c_int = 1;
const PAM_ESTABLISH_CRED: c_int = 2;
const PAM_DELETE_CRED: c_int = 4;

const PAM_PROMPT_ECHO_OFF: c_int = 1;
const PAM_PROMPT_ECHO_ON: c_int = 2;
const PAM_ERROR_MSG: c_int = 3;
const PAM_TEXT_INFO: c_int = 4;

/// Opaque.
#[repr(C)]
struct Handle {
    _private: [u8; 0],
}

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

#[repr(C)]
struct Conv {
    conv: extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int,
    data: *mut c_void,
}

type Start = unsafe extern "C" fn(*const c_char, *const c_char, *const Conv, *mut *mut Handle) -> c_int;
type Act = unsafe extern "C" fn(*mut Handle, c_int) -> c_int;
type SetItem = unsafe extern "C" fn(*mut Handle, c_int, *const c_void) -> c_int;
type GetItem = unsafe extern "C" fn(*const Handle, c_int, *mut *const c_void) -> c_int;
type Words = unsafe extern "C" fn(*mut Handle, c_int) -> *const c_char;

/// libpam, which stays open for the process's life.
pub struct Library {
    start: Start,
    end: Act,
    authenticate: Act,
    account: Act,
    credentials: Act,
    open_session: Act,
    close_session: Act,
    set_item: SetItem,
    item: GetItem,
    words: Words,
}

/// Who wants to log in.
pub struct Login<'a> {
    /// The service: a file of /etc/pam.d.
    pub service: &'a CStr,
    /// The user, also for PAM_RUSER.
    pub user: &'a CStr,
    /// The password, which answers each question that does not echo.
    pub password: &'a CStr,
    /// PAM_RHOST.
    pub host: &'a CStr,
    /// PAM_TTY.
    pub terminal: Option<&'a CStr>,
}

/// PAM refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// PAM's words for it.
    pub words: String,
}

/// A conversation, from pam_start to pam_end. Dropping it ends it, and the session if one was opened.
pub struct Conversation<'l> {
    library: &'l Library,
    handle: *mut Handle,
    /// Made by Box; PAM's callbacks write to it, so it is reached by this pointer alone.
    talk: NonNull<Talk>,
    user: CString,
    has_credentials: bool,
    has_session: bool,
    last: c_int,
}

/// What PAM asks and says.
struct Talk {
    user: CString,
    password: Zeroizing<Vec<u8>>,
    messages: Vec<String>,
    delay: Duration,
}

impl Library {
    /// Opens the system's libpam.
    ///
    /// # Errors
    ///
    /// It is not installed, or is another library of that name; in the linker's words.
    pub fn open() -> Result<Library, String> {
        // SAFETY: a name that ends with NUL. libpam's constructors are those of a system library. Global, because some
        // of its modules expect its symbols from whoever has opened them.
        let library = unsafe { libc::dlopen(c"libpam.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        let library = NonNull::new(library).ok_or_else(last_fault)?;
        let find = |name: &CStr| {
            // SAFETY: an open library, and a name that ends with NUL.
            let found = unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) };
            NonNull::new(found).map(NonNull::as_ptr).ok_or_else(last_fault)
        };
        let act = |name: &CStr| {
            // SAFETY: the functions that are asked for have this type in pam_appl.h, and the library is never closed.
            find(name).map(|found| unsafe { std::mem::transmute::<*mut c_void, Act>(found) })
        };
        Ok(Library {
            // SAFETY: its type in pam_appl.h; the library is never closed.
            start: unsafe { std::mem::transmute::<*mut c_void, Start>(find(c"pam_start")?) },
            end: act(c"pam_end")?,
            authenticate: act(c"pam_authenticate")?,
            account: act(c"pam_acct_mgmt")?,
            credentials: act(c"pam_setcred")?,
            open_session: act(c"pam_open_session")?,
            close_session: act(c"pam_close_session")?,
            // SAFETY: as for pam_start.
            set_item: unsafe { std::mem::transmute::<*mut c_void, SetItem>(find(c"pam_set_item")?) },
            // SAFETY: as for pam_start.
            item: unsafe { std::mem::transmute::<*mut c_void, GetItem>(find(c"pam_get_item")?) },
            // SAFETY: as for pam_start.
            words: unsafe { std::mem::transmute::<*mut c_void, Words>(find(c"pam_strerror")?) },
        })
    }

    /// Begins a conversation.
    ///
    /// # Errors
    ///
    /// PAM's.
    pub fn begin(&self, login: &Login<'_>) -> Result<Conversation<'_>, Refusal> {
        let talk = Talk {
            user: login.user.to_owned(),
            password: Zeroizing::new(login.password.to_bytes_with_nul().to_vec()),
            messages: Vec::new(),
            delay: Duration::ZERO,
        };
        let talk = NonNull::from(Box::leak(Box::new(talk)));
        let conv = Conv { conv: answer, data: talk.as_ptr().cast() };
        let mut handle = ptr::null_mut();
        // SAFETY: the strings end with NUL; PAM copies them and the structure. The talk lives until pam_end.
        let begun = unsafe { (self.start)(login.service.as_ptr(), login.user.as_ptr(), &raw const conv, &mut handle) };
        if begun != PAM_SUCCESS || handle.is_null() {
            // SAFETY: made by Box above, and nobody else has it: without a handle there is no callback.
            drop(unsafe { Box::from_raw(talk.as_ptr()) });
            return Err(Refusal { words: "pam_start failed".to_owned() });
        }
        let (has_credentials, has_session, last) = (false, false, PAM_SUCCESS);
        let user = login.user.to_owned();
        let mut begun = Conversation { library: self, handle, talk, user, has_credentials, has_session, last };
        begun.set(PAM_RHOST, login.host.as_ptr().cast())?;
        begun.set(PAM_RUSER, login.user.as_ptr().cast())?;
        if let Some(terminal) = login.terminal {
            begun.set(PAM_TTY, terminal.as_ptr().cast())?;
        }
        let delay: extern "C" fn(c_int, c_uint, *mut c_void) = note_delay;
        begun.set(PAM_FAIL_DELAY, delay as *const c_void)?;
        Ok(begun)
    }
}

impl Conversation<'_> {
    /// Whether the password is right and the account may be used: pam_authenticate, then pam_acct_mgmt. A user who has
    /// no password is refused, and so is one whom PAM has taken for somebody else.
    ///
    /// # Errors
    ///
    /// PAM refuses.
    pub fn authenticate(&mut self) -> Result<(), Refusal> {
        self.act(self.library.authenticate, PAM_DISALLOW_NULL_AUTHTOK)?;
        self.act(self.library.account, PAM_DISALLOW_NULL_AUTHTOK)?;
        match self.is_same_user() {
            true => Ok(()),
            false => Err(Refusal { words: "PAM names another user".to_owned() }),
        }
    }

    /// Sets the user's credentials and opens a session, which ends with the conversation: pam_setcred and
    /// pam_open_session.
    ///
    /// # Errors
    ///
    /// PAM refuses.
    pub fn open_session(&mut self) -> Result<(), Refusal> {
        self.act(self.library.credentials, PAM_ESTABLISH_CRED)?;
        self.has_credentials = true;
        self.act(self.library.open_session, 0)?;
        self.has_session = true;
        Ok(())
    }

    /// What PAM's modules had to say so far, for the user's eyes.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        // SAFETY: the talk is alive, and no callback runs while this does.
        unsafe { self.talk.as_ref() }.messages.clone()
    }

    /// Wipes the password: no question is asked after the login.
    pub fn forget_password(&mut self) {
        // SAFETY: the talk is alive, and no callback runs while this does.
        unsafe { self.talk.as_mut() }.password = Zeroizing::new(vec![0]);
    }

    /// How long PAM wants a refusal to take.
    #[must_use]
    pub fn delay(&self) -> Duration {
        // SAFETY: as for messages.
        unsafe { self.talk.as_ref() }.delay
    }

    fn act(&mut self, act: Act, flags: c_int) -> Result<(), Refusal> {
        // SAFETY: a handle that was begun and not ended; no reference to the talk exists while PAM may write to it.
        self.last = unsafe { act(self.handle, flags) };
        match self.last {
            PAM_SUCCESS => Ok(()),
            code => Err(self.refusal(code)),
        }
    }

    fn set(&mut self, item: c_int, value: *const c_void) -> Result<(), Refusal> {
        // SAFETY: the callers give what pam_set_item(3) wants for the item; strings are copied.
        match unsafe { (self.library.set_item)(self.handle, item, value) } {
            PAM_SUCCESS => Ok(()),
            code => Err(self.refusal(code)),
        }
    }

    fn is_same_user(&self) -> bool {
        let mut user = ptr::null();
        // SAFETY: a handle that was begun and not ended, and a place for the pointer.
        let found = unsafe { (self.library.item)(self.handle, PAM_USER, &mut user) };
        // SAFETY: PAM_USER is a string that ends with NUL, and is the handle's.
        found == PAM_SUCCESS && !user.is_null() && unsafe { CStr::from_ptr(user.cast()) } == self.user.as_c_str()
    }

    fn refusal(&self, code: c_int) -> Refusal {
        // SAFETY: any number has words, or none.
        let words = unsafe { (self.library.words)(self.handle, code) };
        let words = match words.is_null() {
            true => format!("error {code}"),
            // SAFETY: a string that ends with NUL, of libpam's.
            false => unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned(),
        };
        Refusal { words }
    }
}

impl Drop for Conversation<'_> {
    fn drop(&mut self) {
        if self.has_session {
            let _ = self.act(self.library.close_session, 0);
        }
        if self.has_credentials {
            let _ = self.act(self.library.credentials, PAM_DELETE_CRED);
        }
        // SAFETY: a handle that was begun; nothing uses it after this.
        unsafe { (self.library.end)(self.handle, self.last) };
        // SAFETY: made by Box, and with the handle the last other pointer to it has gone.
        drop(unsafe { Box::from_raw(self.talk.as_ptr()) });
    }
}

/// Answers PAM's questions: with the password where the answer does not echo, else with the user's name.
extern "C" fn answer(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    let Some(count) = usize::try_from(count).ok().filter(|count| (1..=64).contains(count)) else { return PAM_CONV_ERR };
    if messages.is_null() || responses.is_null() || data.is_null() {
        return PAM_CONV_ERR;
    }
    // SAFETY: what `begin` handed to PAM. PAM's callbacks are the only ones to use it while PAM runs, one at a time.
    let talk = unsafe { &mut *data.cast::<Talk>() };
    // SAFETY: allocates, or answers null. PAM frees it with free(3).
    let array: *mut Response = unsafe { libc::calloc(count, size_of::<Response>()) }.cast();
    if array.is_null() {
        return PAM_BUF_ERR;
    }
    for at in 0..count {
        // SAFETY: PAM gives so many pointers to messages (Linux-PAM's layout: an array of pointers).
        let message = unsafe { (*messages.add(at)).as_ref() };
        let text = match message.map(|message| message.style) {
            Some(PAM_PROMPT_ECHO_OFF) => talk.password.as_ptr().cast(),
            Some(PAM_PROMPT_ECHO_ON) => talk.user.as_ptr(),
            Some(PAM_ERROR_MSG | PAM_TEXT_INFO) => {
                // SAFETY: a message's text is null or ends with NUL.
                let text = message.filter(|message| !message.text.is_null());
                // SAFETY: see above.
                talk.note(text.map(|message| unsafe { CStr::from_ptr(message.text) }));
                continue;
            }
            _ => ptr::null(),
        };
        if text.is_null() {
            // SAFETY: `array` has `count` responses, each null or a string of strdup's.
            unsafe { free(array, count) };
            return PAM_CONV_ERR;
        }
        // SAFETY: a string that ends with NUL, and a response of the array.
        unsafe { (*array.add(at)).text = libc::strdup(text) };
    }
    // SAFETY: a place for the pointer, as PAM says.
    unsafe { *responses = array };
    PAM_SUCCESS
}

/// # Safety
///
/// `array` must come from calloc with room for `count` responses, each with null or a string of strdup's.
unsafe fn free(array: *mut Response, count: usize) {
    for at in 0..count {
        // SAFETY: the caller's word.
        let text = unsafe { (*array.add(at)).text };
        if !text.is_null() {
            // SAFETY: a string of strdup's, so of that many writable bytes, which nobody else has.
            unsafe {
                libc::explicit_bzero(text.cast(), libc::strlen(text));
                libc::free(text.cast());
            }
        }
    }
    // SAFETY: the caller's word.
    unsafe { libc::free(array.cast()) };
}

/// Takes the place of PAM's own wait after a refusal: the caller waits, and no process with it.
extern "C" fn note_delay(code: c_int, microseconds: c_uint, data: *mut c_void) {
    // SAFETY: the data pointer of the conversation, as in `answer`.
    if let Some(talk) = unsafe { data.cast::<Talk>().as_mut() }
        && code != PAM_SUCCESS
    {
        talk.delay = Duration::from_micros(microseconds.into());
    }
}

impl Talk {
    fn note(&mut self, text: Option<&CStr>) {
        let (most, length) = MESSAGES;
        let text = text.map(CStr::to_bytes).unwrap_or_default();
        if self.messages.len() < most && !text.is_empty() {
            let text = text.get(..length).unwrap_or(text);
            self.messages.push(String::from_utf8_lossy(text).into_owned());
        }
    }
}

fn last_fault() -> String {
    // SAFETY: the result is null or a string of the linker's, copied before any other call of its functions.
    let fault = unsafe { libc::dlerror() };
    match fault.is_null() {
        true => "the linker says nothing".to_owned(),
        // SAFETY: see above.
        false => unsafe { CStr::from_ptr(fault) }.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk() -> Talk {
        Talk {
            user: c"ann".to_owned(),
            password: Zeroizing::new(b"secret\0".to_vec()),
            messages: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    #[test]
    fn questions_are_answered_and_messages_kept() {
        let mut talk = talk();
        let data = (&raw mut talk).cast();
        let texts = [(PAM_PROMPT_ECHO_OFF, c"Password: "), (PAM_PROMPT_ECHO_ON, c"login: "), (PAM_TEXT_INFO, c"hello")];
        let messages = texts.map(|(style, text)| Message { style, text: text.as_ptr() });
        let mut pointers: Vec<*const Message> = messages.iter().map(ptr::from_ref).collect();
        let mut responses = ptr::null_mut();
        assert_eq!(answer(3, pointers.as_mut_ptr(), &mut responses, data), PAM_SUCCESS);
        // SAFETY: three responses, as asked; each text is null or ends with NUL.
        unsafe {
            assert_eq!(CStr::from_ptr((*responses).text), c"secret");
            assert_eq!(CStr::from_ptr((*responses.add(1)).text), c"ann");
            assert!((*responses.add(2)).text.is_null());
            free(responses, 3);
        }
        note_delay(7, 2_000_000, data);
        assert_eq!((talk.messages, talk.delay), (vec!["hello".to_owned()], Duration::from_secs(2)));
    }

    #[test]
    fn unknown_questions_end_the_conversation() {
        let mut talk = talk();
        let data = (&raw mut talk).cast();
        let messages = [(PAM_PROMPT_ECHO_OFF, c"Password: "), (7, c"binary")];
        let messages = messages.map(|(style, text)| Message { style, text: text.as_ptr() });
        let mut pointers: Vec<*const Message> = messages.iter().map(ptr::from_ref).collect();
        let mut responses = ptr::null_mut();
        assert_eq!(answer(2, pointers.as_mut_ptr(), &mut responses, data), PAM_CONV_ERR);
        assert_eq!(answer(0, pointers.as_mut_ptr(), &mut responses, data), PAM_CONV_ERR);
        assert_eq!(answer(65, pointers.as_mut_ptr(), &mut responses, data), PAM_CONV_ERR);
        assert!(responses.is_null());
    }
}
