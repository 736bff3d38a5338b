"""What every service runs on: pool, broker, outbox, door and their tasks, from start to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aio_pika
import aiormq
import uvicorn
from fastapi import FastAPI
from faststream.rabbit import RabbitBroker

from shared import broker as rabbit
from shared import clock, db, log, topology
from shared.contracts.envelope import envelope_of
from shared.dead import serve_dead_letters
from shared.door import Door
from shared.outbox import Outbox
from shared.settings import ServiceSettings, StartupFault

PLUMBING = Path(__file__).parent / "migrations"
CONNECT_SECONDS_MAX = 20
LOOP_PAUSE_SECONDS = 0.5
# Longer than clients and proxies keep a connection that is idle: who closes first must be they,
# else a request meets a connection that is just closing.
KEEP_ALIVE_SECONDS = 75

logger = log.get()


@dataclass
class Core:
    """The running parts of a service. Wiring adds consumers, timers and checks."""

    service: str
    settings: ServiceSettings
    pool: db.Pool
    broker: RabbitBroker
    outbox: Outbox
    door: Door
    timers: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    # Asked before anything is taken in; each raises StartupFault.
    checks: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)

    async def is_ready(self) -> bool:
        """Whether database and broker answer."""
        try:
            async with asyncio.timeout(3):
                await db.ping(self.pool)
                return await self.broker.ping(timeout=2)
        except Exception as error:
            logger.warning("not_ready", fault=log.fault_of(error))
            return False


def new_core(service: str, settings: ServiceSettings, pool: db.Pool) -> Core:
    """The parts of a service, not started."""
    broker = rabbit.open_broker(settings.amqp_url.get_secret_value(), service)
    bus = rabbit.Bus(broker, service)
    outbox = Outbox(settings.source(service), pool, bus, settings.outbox_rows_max)
    door = Door(service, pool, outbox)
    serve_dead_letters(door)
    return Core(service, settings, pool, broker, outbox, door)


Wire = Callable[[Core], FastAPI]


async def keep_running(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a loop of the service, and begin it anew after a fault, which is logged.

    An outage must not end a loop for good. A CancelledError that aiormq leaks when its connection
    goes counts as a fault; one that was meant for us ends the loop.
    """
    while True:
        try:
            await run()
        except (Exception, asyncio.CancelledError) as error:
            if rabbit.is_ours(error):
                raise
            logger.warning("loop_began_anew", fault=log.fault_of(error))
        await asyncio.sleep(LOOP_PAUSE_SECONDS)


@asynccontextmanager
async def running(
    service: str, settings: ServiceSettings, migrations: Path, wire: Wire
) -> AsyncIterator[tuple[Core, FastAPI]]:
    """Start a service and stop it in order; raises StartupFault when something is missing."""
    clock.step_by(settings.clock_file)
    url = settings.database_url.get_secret_value()
    pool = await db.open_pool(url, service=service, size=settings.database_connections)
    try:
        await db.check_schema(pool, [PLUMBING, migrations], service=service)
        core = new_core(service, settings, pool)
        app = wire(core)
        for check in core.checks:
            await check()
        document_and_subscribe(core)
        await _connect(core)
        loops = (core.outbox.run_relay, core.door.run_waiting, core.door.run_pruning, *core.timers)
        tasks = [asyncio.create_task(keep_running(run)) for run in loops]
        try:
            yield core, app
        finally:
            await core.broker.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await pool.close()


def document_and_subscribe(core: Core) -> None:
    """Subscribe every consumer of the door, and list what the service publishes."""
    for consumer in core.door.consumers.values():
        rabbit.subscribe(core.broker, core.door, consumer)
    for event in topology.EVENTS:
        if event.owner == core.service:
            for lane in event.lanes:
                exchange, key = event.channel(lane)
                core.broker.publisher(
                    routing_key=key,
                    exchange=rabbit.exchange(exchange),
                    schema=envelope_of(event),
                    title=f"{event.__name__}.{lane.value}",
                    description=event.__doc__,
                )


async def _connect(core: Core) -> None:
    advice = "check AMQP_URL and that RabbitMQ runs"
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            connection = await core.broker.connect()
            await _check_topology(connection, topology.queues_of(core.service))
            await core.broker.start()
    except (OSError, TimeoutError, aiormq.exceptions.AMQPError) as error:
        with suppress(Exception):
            await core.broker.stop()
        raise StartupFault(f"RabbitMQ: {type(error).__name__}: {advice}") from None


async def _check_topology(
    connection: aio_pika.abc.AbstractConnection, queues: Sequence[str]
) -> None:
    channel = await connection.channel()
    for queue in queues:
        try:
            await channel.declare_queue(queue, passive=True)
        except aiormq.exceptions.ChannelNotFoundEntity:
            raise StartupFault(
                f"RabbitMQ has no queue {queue}: load deploy/rabbitmq/definitions.json"
            ) from None
    await channel.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to `serve`, which has more to stop than HTTP."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(service: str, settings: ServiceSettings, migrations: Path, wire: Wire) -> None:
    """Run a service until SIGTERM or SIGINT."""
    log.configure(service, settings.log_level)
    async with running(service, settings, migrations, wire) as (_, app):
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=10,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )

        def stop() -> None:
            server.should_exit = True

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        logger.info("service_started", port=settings.http_port)
        try:
            await server.serve()
        except SystemExit:  # so uvicorn ends a whole process when it cannot listen
            raise StartupFault(f"HTTP_PORT {settings.http_port} is taken: choose another") from None
    logger.info("service_stopped")
