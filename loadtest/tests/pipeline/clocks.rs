//! A clock of Redis that drifts: a proxy changes the answers to TIME.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use loadtest::options::Load;
use loadtest::run::carry_out;

use crate::support::TestApp;

const TIME: &[u8] = b"*1\r\n$4\r\nTIME\r\n";
const AHEAD_US: u64 = 500_000;

/// Returns the address of a proxy that adds [`AHEAD_US`] to every answer to TIME but the first.
fn drifting(redis: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&redis).unwrap();
            let asked = Arc::clone(&asked);
            thread::spawn(move || pass_on(client, server, &asked));
        }
    });
    format!("redis://{address}")
}

/// Until one side closes the connection.
fn pass_on(mut client: TcpStream, mut server: TcpStream, asked: &AtomicU64) {
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let is_time = Arc::new(AtomicBool::new(false));
    let is_late_time = Arc::clone(&is_time);
    thread::spawn(move || {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let mut answer = bytes[..count].to_vec();
            if is_late_time.swap(false, Ordering::SeqCst) {
                let time = redis::parse_redis_value(&answer).unwrap();
                let (s, us): (u64, u64) = redis::from_redis_value(time).unwrap();
                let us = s * 1_000_000 + us + AHEAD_US;
                let [s, us] = [us / 1_000_000, us % 1_000_000].map(|part| part.to_string());
                answer = format!("*2\r\n${}\r\n{s}\r\n${}\r\n{us}\r\n", s.len(), us.len()).into();
            }
            if to.write_all(&answer).is_err() {
                break;
            }
        }
    });
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        if &bytes[..count] == TIME && asked.fetch_add(1, Ordering::SeqCst) > 0 {
            is_time.store(true, Ordering::SeqCst);
        }
        if server.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
}

#[test]
fn a_clock_of_redis_that_drifts_is_reported_and_figures_below_the_drift_are_marked() {
    let app = TestApp::start();
    let run = |redis_url: String| {
        let arguments = ["steady", "--rate", "100", "--duration", "1s", "--redis-url", &redis_url];
        carry_out(&Load::parse(arguments).unwrap()).unwrap()
    };
    let report = run(drifting(format!("127.0.0.1:{}", app.server.port())));
    let text = report.to_text();
    assert!(report.is_success(), "{text}");
    let drift_ms = report.clock.drift_ms;
    assert!((400.0..600.0).contains(&drift_ms), "{drift_ms} ms\n{text}");
    let row = text.lines().find(|line| line.contains("due to confirmed  ")).unwrap();
    assert!(row.contains('~') && text.contains("moved apart by"), "{text}");
    let report = run(app.server.url());
    assert!(report.clock.samples > 0 && report.clock.drift_ms < 400.0, "{:?}", report.clock);
}
