//! A TCP proxy in front of Redis whose faults are switched on and off.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the proxy behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Forward,
    /// Holds every command for so long.
    Slow(Duration),
    /// Answers every command with this error, as a server does that reads its data.
    Loading,
    /// Takes everything and passes nothing on; a connection that met this stays dead, but open.
    HalfOpen,
}

pub(crate) struct Proxy {
    port: u16,
    mode: Arc<Mutex<Mode>>,
    swallowed: Arc<AtomicU64>,
}

impl Proxy {
    /// Listens on a free port; its threads end with the test program.
    pub(crate) fn before(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mode = Arc::new(Mutex::new(Mode::Forward));
        let swallowed = Arc::new(AtomicU64::new(0));
        let (shared, counter) = (Arc::clone(&mode), Arc::clone(&swallowed));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)) else { continue };
                let (replies, to_client) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (mode, reply_mode) = (Arc::clone(&shared), Arc::clone(&shared));
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || pass_commands(client, server, &mode));
                std::thread::spawn(move || pass_replies(replies, to_client, &reply_mode, &counter));
            }
        });
        Self { port, mode, swallowed }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Replies that were not passed on.
    pub(crate) fn swallowed(&self) -> u64 {
        self.swallowed.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

fn pass_commands(mut client: TcpStream, mut server: TcpStream, mode: &Mutex<Mode>) {
    let mut chunk = vec![0; 64 * 1024];
    let mut is_dead = false;
    while let Ok(length @ 1..) = client.read(&mut chunk) {
        let mode = *mode.lock().unwrap();
        is_dead |= mode == Mode::HalfOpen;
        if is_dead {
            continue;
        }
        match mode {
            Mode::Loading => {
                let error = b"-LOADING Redis is loading the dataset in memory\r\n";
                for _ in 0..commands(&chunk[..length]) {
                    let _ = client.write_all(error);
                }
                continue;
            }
            Mode::Slow(delay) => std::thread::sleep(delay),
            Mode::Forward | Mode::HalfOpen => {}
        }
        if server.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

fn pass_replies(
    mut server: TcpStream,
    mut client: TcpStream,
    mode: &Mutex<Mode>,
    swallowed: &AtomicU64,
) {
    let mut chunk = vec![0; 64 * 1024];
    let mut is_dead = false;
    while let Ok(length @ 1..) = server.read(&mut chunk) {
        is_dead |= *mode.lock().unwrap() == Mode::HalfOpen;
        if is_dead {
            swallowed.fetch_add(1, Ordering::SeqCst);
        } else if client.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// How many commands begin in a chunk: arrays of bulk texts.
fn commands(chunk: &[u8]) -> usize {
    chunk.windows(2).filter(|pair| pair[0] == b'*' && pair[1].is_ascii_digit()).count()
}
