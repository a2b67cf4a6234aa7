//! mod_greet in a real server. `gantry module test` builds the module, passes the path of the
//! server, and runs these tests.

mod server;

use server::{PASSWORD, Server, USER};

#[test]
#[ignore = "needs a gantryd: gantry module test names it"]
fn a_login_is_greeted_by_name() {
    let server = Server::start("LoadModule mod_greet.c\nGreetMessage \"Welcome aboard, %u\"\n");
    let mut client = server.connect();
    client.expect(&format!("USER {USER}"), "331");
    let reply = client.expect(&format!("PASS {PASSWORD}"), "230");
    assert!(reply.contains(&format!("Welcome aboard, {USER}")), "{reply}");
}

#[test]
#[ignore = "needs a gantryd: gantry module test names it"]
fn without_the_directive_nothing_is_said() {
    let server = Server::start("LoadModule mod_greet.c\n");
    let mut client = server.connect();
    client.expect(&format!("USER {USER}"), "331");
    let reply = client.expect(&format!("PASS {PASSWORD}"), "230");
    assert_eq!(reply.lines().count(), 1, "{reply}");
}
