use native::RedisConnection;
use private_redis::RedisServer;

use super::*;

#[test]
fn a_process_is_ready_once_it_serves_and_every_bell_has_a_listener() {
    let server = RedisServer::start().unwrap();
    let channels = vec!["in".to_owned(), "out".to_owned()];
    let start = |script: &str, has_server| {
        let mut command = supervise::app("sh");
        command.args(["-c", script]);
        App::start("the shell", command, server.url(), channels.clone(), has_server).unwrap()
    };
    let serving = "echo 'Serving http://127.0.0.1:1'; exec sleep 60";
    let app = start(serving, true);
    let silent = start("exec sleep 60", true);
    let mut redis = RedisConnection::open(&server.url()).unwrap();
    let mut first = redis.inner().as_pubsub();
    first.subscribe("in").unwrap();
    let limit = Duration::from_secs(30);
    app.process.wait_for("address", limit, || Ok(app.endpoint().url())).unwrap();
    let ready = |app: &App| app.wait_until_ready(Duration::from_millis(300));
    assert!(ready(&app).unwrap_err().to_string().contains("Serving http"), "one bell is deaf");
    first.subscribe("out").unwrap();
    app.wait_until_ready(limit).unwrap();
    assert_eq!(app.endpoint().url().as_deref(), Some("http://127.0.0.1:1"));
    assert!(ready(&silent).is_err(), "it does not serve");
    let service = start("exec sleep 60", false);
    service.wait_until_ready(limit).unwrap();
}
