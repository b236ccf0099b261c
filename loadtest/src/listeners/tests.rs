use private_redis::RedisServer;

use super::*;

#[test]
fn a_bell_without_a_listener_is_an_error() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let keys = Keys::new(&orders::pipeline::settings());
    let why = check(&mut redis, &keys, Duration::ZERO).unwrap_err().to_string();
    assert!(why.starts_with("no distributor is subscribed to orders.ingress"), "{why}");
    let mut app = RedisConnection::open(&server.url()).unwrap();
    let mut bells = app.inner().as_pubsub();
    bells.subscribe(keys.channel(Stream::Ingress)).unwrap();
    check(&mut redis, &keys, Duration::ZERO).unwrap();
}
