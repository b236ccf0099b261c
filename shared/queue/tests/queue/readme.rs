//! The program of `README.md`: the queue with messages that are photos.

use std::time::Instant;

use native::RedisConnection;
use queue::{Message, Name, Outcome, Queue, QueueError, Role, Settings, Stream, drain};

const LANES: [&str; 2] = ["small", "large"];

/// A photo is `<id> <pixels>`.
fn read(body: &[u8]) -> Option<(&str, u64)> {
    let (id, pixels) = std::str::from_utf8(body).ok()?.split_once(' ')?;
    Some((id, pixels.parse().ok()?))
}

/// Drains one stream: ingress, where photos are sorted, or a lane, where they are scaled.
struct Worker(Stream);

impl Role for Worker {
    fn stream(&self) -> Stream {
        self.0
    }

    fn decide(&self, _: &Message, body: &[u8]) -> Outcome {
        let Some((id, pixels)) = read(body) else {
            return Outcome::DeadLetter { id: None, code: "no_photo".into(), errors: vec![] };
        };
        let (id, lane) = (id.to_owned(), LANES[usize::from(pixels > 1_000_000)]);
        match self.0 {
            Stream::Ingress => Outcome::Route { id, lane, note: String::new() },
            Stream::Lane(_) => Outcome::Confirm { id, result: (pixels / 4).to_string().into() },
        }
    }
}

fn scale(redis: &mut RedisConnection) -> Result<Option<Vec<u8>>, QueueError> {
    let settings = Settings::new(Name::from_static("photos"), &LANES);
    let mut queue = Queue::new(redis, &settings);
    queue.enqueue(&[("p1", b"p1 640"), ("p2", b"p2 8000000")], 10_000, None)?;
    for stream in settings.streams() {
        let began = Instant::now();
        drain(&mut queue, &Worker(stream), &mut || began.elapsed()).1?;
    }
    Ok(queue.status("p2")?.and_then(|status| status.result))
}
// The end of the program.

#[test]
fn the_program_of_the_readme_works() {
    let server = private_redis::RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    for _ in 0..2 {
        assert_eq!(scale(&mut redis).unwrap().as_deref(), Some(&b"2000000"[..]));
    }
    let results: u64 = redis::cmd("XLEN").arg("{photos}:results").query(redis.inner()).unwrap();
    assert_eq!(results, 2, "the second time both are duplicates");
}

#[test]
fn the_readme_shows_this_program_in_at_most_60_lines() {
    let (readme, source) = (include_str!("../../README.md"), include_str!("readme.rs"));
    let start = source.find("use std").unwrap();
    let end = source.find("// The end of the program.").unwrap();
    let shown = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(shown.trim(), source[start..end].trim());
    assert!(readme.lines().count() <= 60, "{}", readme.lines().count());
    assert!(readme.lines().all(|line| line.len() <= 100));
}
