//! SIZE, MDTM, MFMT, MLST and MLSD (RFC 3659, draft-somers-ftp-mfxx), FEAT and
//! OPTS (RFC 2389).

use std::fs;
use std::os::unix::fs::MetadataExt;

use gantry_tests::prelude::*;

fn size_counts_bytes(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", [0; 12_345]);
    server.make_folder("folder");
    let mut wire = server.login();
    assert_eq!(wire.expect("SIZE file", 213).text(), "213 12345");
    wire.expect("SIZE missing", 550);
    wire.expect("SIZE folder", 550);
    wire.expect("TYPE A", 200);
    wire.expect("SIZE file", 550);
}

fn a_time_set_by_mfmt_comes_back_by_mdtm(layout: Layout) {
    let server = Server::start(layout);
    server.put("a file", "x");
    let mut wire = server.login();
    let answer = wire.expect("MFMT 20200102030405 a file", 213).text().to_lowercase();
    assert!(answer.contains("modify=20200102030405;") && answer.ends_with("a file"), "{answer}");
    assert_eq!(wire.expect("MDTM a file", 213).text(), "213 20200102030405");
    assert_eq!(fs::metadata(server.home().join("a file")).unwrap().mtime(), 1_577_934_245);
    for time in ["2020", "20201302030405", "20200102030465", "x"] {
        let answer = wire.ask(format!("MFMT {time} a file"));
        assert!(answer.code >= 500, "{time}: {}", answer.text());
    }
}

fn mfmt_tells_the_time_that_was_kept(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    let mut wire = server.login();
    // File systems end at times of their own.
    for time in ["18000101000000", "19691231235959", "20380119031408", "24470101000000", "99981231235959"] {
        let answer = wire.ask(format!("MFMT {time} file"));
        assert_eq!(answer.code, 213, "{}", answer.text());
        let kept = wire.expect("MDTM file", 213).text().replace("213 ", "");
        assert_eq!(answer.text(), format!("213 Modify={kept}; file"));
    }
}

fn mlst_tells_the_facts_of_one_name(layout: Layout) {
    let server = Server::start(layout);
    server.put("a file", [0; 77]);
    let mut wire = server.login();
    wire.expect("MFMT 20200102030405 a file", 213);
    let answer = wire.expect("MLST a file", 250);
    let [line] = answer.inner() else { panic!("{}", answer.text()) };
    let (facts, name) = line.strip_prefix(' ').and_then(|line| line.split_once(' ')).unwrap();
    let facts = facts.to_lowercase();
    for fact in ["type=file;", "size=77;", "modify=20200102030405;"] {
        assert!(facts.contains(fact), "{facts} has no {fact}");
    }
    assert_eq!(name, "/a file");
    wire.expect("MLST missing", 550);
}

fn mlsd_lists_each_name_once(layout: Layout) {
    let server = Server::start(layout);
    let names = ["plain", "with space", "日本語", "say \"hello\"", " leading", ".hidden"];
    names.iter().for_each(|name| server.put(name, "x"));
    server.make_folder("folder");
    let lines = server.login().list("MLSD");
    let entries: Vec<(String, &str)> = lines
        .iter()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(facts, name)| (facts.to_lowercase(), name))
        .collect();
    for name in names {
        let found = entries.iter().filter(|(facts, found)| *found == name && facts.contains("type=file;")).count();
        assert_eq!(found, 1, "{name} in {lines:#?}");
    }
    assert!(entries.iter().any(|(facts, name)| *name == "folder" && facts.contains("type=dir;")), "{lines:#?}");
}

fn mlsd_of_a_file_is_refused(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    let mut wire = server.login();
    let _stream = wire.passive();
    let answer = wire.ask("MLSD file");
    assert!((501..=550).contains(&answer.code), "{}", answer.text());
}

fn opts_mlst_chooses_the_facts(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    let mut wire = server.login();
    wire.expect("OPTS MLST Type;Size;", 200);
    let facts = wire.expect("MLST file", 250).inner()[0].to_lowercase();
    assert!(facts.contains("type=file;") && facts.contains("size=1;") && !facts.contains("modify="), "{facts}");
}

fn feat_names_what_clients_look_for(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.connect();
    let answer = wire.expect("FEAT", 211);
    let features: Vec<String> = answer.inner().iter().map(|line| line.trim().to_uppercase()).collect();
    for feature in ["SIZE", "MDTM", "MFMT", "REST STREAM", "EPSV", "EPRT", "UTF8", "TVFS"] {
        assert!(features.iter().any(|found| found == feature), "{feature} is not in {features:#?}");
    }
    assert!(features.iter().any(|found| found.starts_with("MLST ") && found.contains("SIZE*;")), "{features:#?}");
    assert!(answer.inner().iter().all(|line| line.starts_with(' ')), "{}", answer.text());
}

fn opts_utf8_is_taken(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.expect("OPTS UTF8 ON", 200);
    assert!(wire.ask("OPTS NONSENSE").code >= 500);
}

both_layouts!(
    size_counts_bytes,
    a_time_set_by_mfmt_comes_back_by_mdtm,
    mfmt_tells_the_time_that_was_kept,
    mlst_tells_the_facts_of_one_name,
    mlsd_lists_each_name_once,
    mlsd_of_a_file_is_refused,
    opts_mlst_chooses_the_facts,
    feat_names_what_clients_look_for,
    opts_utf8_is_taken,
);
