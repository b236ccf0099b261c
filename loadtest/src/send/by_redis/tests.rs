use private_redis::RedisServer;

use super::*;
use crate::send::Due;

fn due(count: u64) -> Vec<Due> {
    let order = |position| Due { position, due_us: 0, json: b"{}".to_vec() };
    (0..count).map(order).collect()
}

fn transport(server: &RedisServer) -> RedisTransport {
    let limit = Duration::from_secs(30);
    RedisTransport::open(&server.url(), orders::pipeline::settings(), limit).unwrap()
}

#[test]
fn a_rejection_has_the_code_of_redis() {
    let server = RedisServer::start().unwrap();
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let set = |redis: &mut RedisConnection, name: &str, value: &str| {
        redis::cmd("CONFIG").arg(&["SET", name, value]).exec(redis.inner()).unwrap();
    };
    let mut transport = transport(&server);
    set(&mut redis, "min-replicas-to-write", "1");
    let rejected = Answer::Rejected("redis: NOREPLICAS".into());
    assert_eq!(transport.send(&due(3)), [rejected.clone(), rejected.clone(), rejected]);
    set(&mut redis, "min-replicas-to-write", "0");
    assert!(matches!(transport.send(&due(1))[..], [Answer::Queued(Some(_))]));
    set(&mut redis, "maxmemory", "1");
    assert_eq!(transport.send(&due(1)), [Answer::Rejected("redis: OOM".into())]);
}

#[test]
fn a_lost_reply_is_not_a_lost_order_and_a_broken_connection_rejects_the_rest() {
    let server = RedisServer::start().unwrap();
    let mut transport = transport(&server);
    let interrupted = || Err(std::io::Error::from_raw_os_error(4).into());
    let id = || Ok(Value::BulkString(b"5-1".to_vec()));
    let queued = |ms| Answer::Queued(EntryId::parse(&format!("{ms}-1")));
    let answers = transport.answers(3, Ok(vec![id(), interrupted(), id()]));
    assert_eq!(answers, [queued(5), Answer::Queued(None), queued(5)]);
    let broken = Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
    let rejected = || Answer::Rejected("redis: the connection broke".into());
    assert_eq!(transport.answers(3, Ok(vec![id(), broken])), [queued(5), rejected(), rejected()]);
    assert!(transport.redis.is_none());
}
