//! Real module files, built by cargo. Those that were built differently from this test
//! are refused before any of their code runs; the others load.

mod fixture;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use fixture::{Build, Fixture, HOST};
use gantry_api::guard::Home;
use gantry_api::stamp::{EQUAL, FRAME_HEAD};
use gantry_loader::{LoadError, LoadedImage, Loader, PrivateKey, Trust, inspect, signature_path};

fn load(fixture: &Fixture) -> Result<Arc<LoadedImage>, LoadError> {
    // Lenient, because the tests may run in any user's folder.
    Loader::with_trust(Trust::Lenient).load(&fixture.file, "mod_fixture", None, &HOST)
}

/// Asserts that it is refused with these words, and that none of its code ran.
#[track_caller]
fn refused(fixture: &Fixture, words: &[&str]) {
    let error = load(fixture).err().expect("it is refused").to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
    assert!(!fixture.mark.exists(), "its constructor ran: {error}");
}

#[test]
fn a_module_built_alike_loads_and_answers() {
    let fixture = Build::Plain.fixture("loads.so");
    let loaded = load(&fixture).unwrap();
    assert!(fixture.mark.exists());
    let image = loaded.image();
    assert_eq!(image.directives.iter().map(|directive| directive.name).collect::<Vec<_>>(), ["FixtureWord"]);
    let [module] = image.modules else { panic!("one module") };
    let instance = (module.create)(Home { module: "mod_fixture".into(), runtime: None }).unwrap();
    assert_eq!(instance.hooks().unwrap().len(), 1);
    assert_eq!(loaded.path(), fixture.file);
}

#[test]
fn a_stripped_release_build_of_another_workspace_loads() {
    let fixture = Build::Release.fixture("release.so");
    assert_eq!(load(&fixture).unwrap().stamp().field("profile"), "release");
    let inspection = inspect(&fixture.file).unwrap();
    assert_eq!(inspection.directives, [("mod_fixture".to_owned(), "FixtureWord".to_owned())]);
    assert_eq!(inspection.stamp.field("module"), "mod_fixture");
    assert_eq!(inspection.size, fs::metadata(&fixture.file).unwrap().len());
}

#[test]
fn another_cfg_is_refused() {
    refused(
        &Build::Cfg.fixture("cfg.so"),
        &["differs in: flags (module", "--cfg=fixture_shape", "gantry module build mod_fixture"],
    );
}

#[test]
fn another_panic_strategy_is_refused() {
    refused(&Build::Abort.fixture("abort.so"), &["differs in: panic (module abort, gantryd unwind)"]);
}

#[test]
fn changed_api_sources_are_refused() {
    refused(&Build::ChangedApi.fixture("api.so"), &["differs in: api (module"]);
}

#[test]
fn another_module_than_the_name_says_is_refused() {
    let fixture = Build::Plain.unmarked("name.so");
    let error =
        Loader::with_trust(Trust::Lenient).load(&fixture.file, "mod_other", None, &HOST).err().unwrap().to_string();
    assert!(error.contains("contains the module mod_fixture, not mod_other"), "{error}");
    assert!(!fixture.mark.exists());
}

#[test]
fn a_missing_symbol_is_refused() {
    let fixture = Build::Plain.unmarked("symbol.so");
    fixture.replace(b"gantry_image_mod_fixture", b"gantry_imago_mod_fixture");
    refused(&fixture, &["does not export gantry_image_mod_fixture"]);
}

#[test]
fn each_tampered_field_of_the_stamp_is_refused_and_named() {
    let fixture = Build::Plain.unmarked("tampered.so");
    let whole = fs::read(&fixture.file).unwrap();
    let stamp = inspect(&fixture.file).unwrap().stamp;
    for key in EQUAL {
        let line = format!("\n{key}={}\n", stamp.field(key));
        let other = match key {
            // Often empty: it swallows the next line, so the length stays.
            "flags" => line.replace('\n', "\r").replacen('\r', "\n", 1),
            _ => format!("\n{key}={}\n", "x".repeat(stamp.field(key).len())),
        };
        let mut changed = whole.clone();
        fixture::restamp(&mut changed, |text| *text = format!("\n{text}").replacen(&line, &other, 1)[1..].to_owned());
        fs::write(&fixture.file, &changed).unwrap();
        let word = if key == "flags" { "flags (module" } else { &format!("{key} (module x") };
        refused(&fixture, &[word]);
    }
    // If the checksum does not match, no field is read.
    let at = fixture::stamp_at(&whole);
    for offset in [0, 8, 12, 16, FRAME_HEAD, FRAME_HEAD + 40] {
        let mut changed = whole.clone();
        changed[at + offset] ^= 1;
        fs::write(&fixture.file, &changed).unwrap();
        refused(&fixture, &["the stamp"]);
    }
}

#[test]
fn a_module_cut_short_is_refused_at_every_length() {
    let fixture = Build::Plain.unmarked("cut.so");
    let whole = fs::read(&fixture.file).unwrap();
    let step = (whole.len() / 200).max(1);
    let lengths = (0..200).chain((200..whole.len()).step_by(step)).chain(whole.len() - 200..whole.len());
    let file = fs::OpenOptions::new().write(true).open(&fixture.file).unwrap();
    let mut lengths: Vec<_> = lengths.collect();
    lengths.sort_by(|a, b| b.cmp(a));
    for length in lengths {
        file.set_len(length as u64).unwrap();
        let words = if length == 0 { "empty" } else { "cut short" };
        refused(&fixture, &[words]);
    }
}

#[test]
fn a_library_that_is_missing_is_named_with_the_ways_out() {
    let fixture = Build::Plain.unmarked("library.so");
    fixture.replace(b"libc.so.6\0", b"libq.so.6\0");
    // According to ld.so(8), every system has this folder.
    refused(&fixture, &["libq.so.6", "/usr/lib", "ld.so.conf", "LoadFile"]);
}

#[test]
fn what_is_no_shared_object_for_this_machine_is_refused() {
    let fixture = Build::Plain.unmarked("machine.so");
    let whole = fs::read(&fixture.file).unwrap();
    // e_ident's class and order, e_type, e_machine.
    for (at, value, words) in [
        (0, b'#', &["not a shared object"][..]),
        (4, 1, &["32-bit", "install the build for"]),
        (5, 2, &["big-endian", "install the build for"]),
        (16, 2, &["an executable or object file", "cdylib"]),
        (16, 1, &["an executable or object file", "cdylib"]),
        (18, 22, &["s390x", "install the build for"]),
    ] {
        let mut changed = whole.clone();
        changed[at] = value;
        fs::write(&fixture.file, &changed).unwrap();
        refused(&fixture, words);
    }
}

#[test]
fn a_file_without_a_stamp_is_refused() {
    let fixture = Build::Plain.unmarked("unstamped.so");
    fixture.replace(b"\0.gantry.stamp\0", b"\0.gantry.scamp\0");
    refused(&fixture, &["no stamp", "install the file as it was built"]);
}

#[test]
fn two_stamps_are_refused_and_named() {
    let fixture = Build::Plain.unmarked("two.so");
    let whole = fs::read(&fixture.file).unwrap();
    let at = fixture::stamp_at(&whole);
    let length = u32::from_le_bytes(whole[at + 12..at + 16].try_into().unwrap()) as usize;
    // In one section, as a linker puts those of two modules.
    let stamps = [fixture::framed("module=mod_one\n"), fixture::framed("module=mod_two\n")].concat();
    let mut changed = whole.clone();
    changed[at..at + FRAME_HEAD + length].fill(0);
    changed[at..at + stamps.len()].copy_from_slice(&stamps);
    fs::write(&fixture.file, &changed).unwrap();
    refused(&fixture, &["mod_one, mod_two", "a file must contain one"]);
    // In two sections.
    let mut changed = whole;
    fixture::restamp_section(&mut changed, ".gantry.directives");
    fs::write(&fixture.file, &changed).unwrap();
    refused(&fixture, &["a file must contain one"]);
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let fixture = Build::Plain.unmarked("kind.so");
    let instead = |make: &dyn Fn(&Path)| {
        fs::remove_file(&fixture.file).unwrap();
        make(&fixture.file);
    };
    instead(&|path| symlink("/dev/zero", path).unwrap());
    refused(&fixture, &["this is a device", "put the file itself there"]);
    instead(&|path| symlink(path, path).unwrap());
    refused(&fixture, &["symbolic links"]);
    instead(&|path| symlink("/nonexistent", path).unwrap());
    refused(&fixture, &["No such file", "if it is a link"]);
    instead(&|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
    refused(&fixture, &["this is a fifo"]);
    instead(&|path| fs::write(path, "").unwrap());
    refused(&fixture, &["the file is empty"]);
    instead(&|path| fs::create_dir(path).unwrap());
    refused(&fixture, &["this is a folder"]);
}

#[test]
fn what_gantryds_user_may_not_read_is_refused() {
    let fixture = Build::Plain.unmarked("unreadable.so");
    fs::set_permissions(&fixture.file, Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if fs::File::open(&fixture.file).is_err() {
        refused(&fixture, &["Permission denied", "must be able to read it"]);
    }
}

#[test]
fn what_others_may_change_is_refused() {
    let fixture = Build::Plain.unmarked("writable.so");
    let folder = fixture.file.parent().unwrap();
    let (file_mode, folder_mode) = (0o644, 0o755);
    fs::set_permissions(&fixture.file, Permissions::from_mode(0o666)).unwrap();
    refused(&fixture, &["can be changed by others", "mode 0666", "chmod go-w", "writable.so"]);
    fs::set_permissions(&fixture.file, Permissions::from_mode(file_mode)).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
    refused(&fixture, &["mode 0777", folder.to_str().unwrap()]);
    fs::set_permissions(folder, Permissions::from_mode(folder_mode)).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&fixture.file, Some(12345), None).unwrap();
        let error = Loader::with_trust(Trust::Strict).load(&fixture.file, "mod_fixture", None, &HOST).err().unwrap();
        assert!(error.to_string().contains("belongs to user id 12345"), "{error}");
        assert!(!fixture.mark.exists());
    }
}

#[test]
fn where_signers_are_named_an_unsigned_file_is_refused() {
    let fixture = Build::Plain.unmarked("signed.so");
    let (key, other) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let load = |key: &PrivateKey| {
        let loader = Loader::with_trust(Trust::Lenient);
        loader.load(&fixture.file, "mod_fixture", Some(&[key.signer()]), &HOST)
    };
    let refused = |key: &PrivateKey, word: &str| {
        let error = load(key).err().expect("it is refused").to_string();
        assert!(error.contains(word), "{error}");
        assert!(!fixture.mark.exists(), "its constructor ran: {error}");
    };
    let whole = fs::read(&fixture.file).unwrap();
    refused(&key, "gantry module sign --key");
    fs::write(signature_path(&fixture.file), key.sign(&whole)).unwrap();
    refused(&other, "matches no ModuleSigners key (1 tried)");
    fs::write(&fixture.file, [&whole[..], b"\0"].concat()).unwrap();
    refused(&key, "changed after it was signed");
    fs::write(signature_path(&fixture.file), "rubbish").unwrap();
    refused(&key, "not a signature");
    fs::write(&fixture.file, &whole).unwrap();
    fs::write(signature_path(&fixture.file), key.sign(&whole)).unwrap();
    load(&key).unwrap();
    assert!(fixture.mark.exists());
}

#[test]
fn the_same_bytes_are_mapped_once() {
    let (first, second) = (Build::Plain.fixture("once.so"), Build::Plain.fixture("twice.so"));
    let loader = Loader::with_trust(Trust::Lenient);
    let loaded = loader.load(&first.file, "mod_fixture", None, &HOST).unwrap();
    let again = loader.load(&second.file, "mod_fixture", None, &HOST).unwrap();
    assert!(Arc::ptr_eq(&loaded, &again));
    assert!(fixture::mapped("once.so"));
    assert!(!fixture::mapped("twice.so"));
}

#[test]
fn a_module_without_a_runtime_is_unmapped_when_nobody_uses_it() {
    let fixture = Build::Plain.fixture("unmapped.so");
    let loaded = load(&fixture).unwrap();
    assert!(fixture::mapped("unmapped.so"));
    let create = loaded.image().modules[0].create;
    drop(create(Home { module: "mod_fixture".into(), runtime: None }).unwrap());
    drop(loaded);
    assert!(!fixture::mapped("unmapped.so"));
}

#[test]
fn a_module_with_a_runtime_stays_mapped_and_is_used_again() {
    let fixture = Build::Plain.fixture("stays.so");
    let mut bytes = fs::read(&fixture.file).unwrap();
    fixture::restamp(&mut bytes, |text| {
        *text = text.replace("\nruntime=no\nprofile=debug\n", "\nruntime=yes\nprofile=debu\n")
    });
    fs::write(&fixture.file, &bytes).unwrap();
    let loader = Loader::with_trust(Trust::Lenient);
    let load = || loader.load(&fixture.file, "mod_fixture", None, &HOST).unwrap();
    let code = load().image().modules.as_ptr();
    assert_eq!(load().image().modules.as_ptr(), code);
    drop(loader);
    assert!(fixture::mapped("stays.so"));
}
