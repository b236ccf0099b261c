//! `fermyon:spin/redis@2.0.0`: the Redis connections of components.
//!
//! Each `open` makes a separate connection, which is closed with its resource or its instance. One
//! command is in flight at a time. There is no pool, no pipelining and no time limit. The default
//! limits of the client, one second to connect and half a second to reply, are off.

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Value};
use wasmtime::component::Resource;

use crate::bindings::RedisConnection;
use crate::bindings::fermyon::spin2_0_0::redis::{
    Error, Host, HostConnection, RedisParameter, RedisResult,
};
use crate::instance::State;
use crate::redis_value::{self, flatten};

type Connection = Resource<RedisConnection>;
type HostResult<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    async fn query(&mut self, connection: &Connection, command: &Cmd) -> HostResult<Value> {
        let connection = &mut self.table.get_mut(connection)?.0;
        Ok(connection.send_packed_command(command).await.map_err(redis_value::error))
    }

    async fn typed<T: FromRedisValue>(
        &mut self,
        connection: &Connection,
        command: &Cmd,
    ) -> HostResult<T> {
        let value = self.query(connection, command).await?;
        Ok(value.and_then(|value| match value {
            Value::ServerError(_) => Err(flatten(value).err().unwrap_or(Error::TypeError)),
            value => T::from_redis_value(value).map_err(|error| Error::Other(error.to_string())),
        }))
    }
}

async fn connect(address: &str) -> Result<RedisConnection, Error> {
    let client = Client::open(address).map_err(|_| Error::InvalidAddress)?;
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map_err(redis_value::error)?;
    Ok(RedisConnection(connection))
}

impl Host for State {}

impl HostConnection for State {
    async fn open(&mut self, address: String) -> HostResult<Connection> {
        if !self.config.allowed_hosts.allow("redis", &address) {
            return Ok(Err(Error::InvalidAddress));
        }
        Ok(connect(&address).await.and_then(|connection| {
            self.table.push(connection).map_err(|_| Error::TooManyConnections)
        }))
    }

    async fn publish(
        &mut self,
        connection: Connection,
        channel: String,
        payload: Vec<u8>,
    ) -> HostResult<()> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(payload);
        Ok(self.typed::<i64>(&connection, &command).await?.map(drop))
    }

    async fn get(&mut self, connection: Connection, key: String) -> HostResult<Option<Vec<u8>>> {
        self.typed(&connection, redis::cmd("GET").arg(key)).await
    }

    async fn set(&mut self, connection: Connection, key: String, value: Vec<u8>) -> HostResult<()> {
        self.typed(&connection, redis::cmd("SET").arg(key).arg(value)).await
    }

    async fn incr(&mut self, connection: Connection, key: String) -> HostResult<i64> {
        // Spin's client sends this for `incr(key, 1)`.
        self.typed(&connection, redis::cmd("INCRBY").arg(key).arg(1)).await
    }

    async fn del(&mut self, connection: Connection, keys: Vec<String>) -> HostResult<u32> {
        self.typed(&connection, redis::cmd("DEL").arg(keys)).await
    }

    async fn sadd(
        &mut self,
        connection: Connection,
        key: String,
        values: Vec<String>,
    ) -> HostResult<u32> {
        self.typed(&connection, redis::cmd("SADD").arg(key).arg(values)).await
    }

    async fn smembers(&mut self, connection: Connection, key: String) -> HostResult<Vec<String>> {
        self.typed(&connection, redis::cmd("SMEMBERS").arg(key)).await
    }

    async fn srem(
        &mut self,
        connection: Connection,
        key: String,
        values: Vec<String>,
    ) -> HostResult<u32> {
        self.typed(&connection, redis::cmd("SREM").arg(key).arg(values)).await
    }

    async fn execute(
        &mut self,
        connection: Connection,
        name: String,
        arguments: Vec<RedisParameter>,
    ) -> HostResult<Vec<RedisResult>> {
        let bytes = arguments.iter().map(|argument| match argument {
            RedisParameter::Int64(_) => 20,
            RedisParameter::Binary(bytes) => bytes.len(),
        });
        let mut command =
            Cmd::with_capacity(arguments.len() + 1, name.len() + bytes.sum::<usize>());
        command.arg(name);
        for argument in &arguments {
            match argument {
                RedisParameter::Int64(number) => command.arg(number),
                RedisParameter::Binary(bytes) => command.arg(bytes),
            };
        }
        drop(arguments);
        Ok(self.query(&connection, &command).await?.and_then(flatten))
    }

    async fn drop(&mut self, connection: Connection) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}
