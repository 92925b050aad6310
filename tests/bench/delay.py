"""A line with a delay, for kernels without netem: delay.py MILLISECONDS ADDRESS:PORT=ADDRESS:PORT ...

Listens at each first address and passes on to the second, every byte half of the round trip later. A connection begins one
and a half round trips late, as with TCP's handshake over a long line. What it leaves out is TCP's slow start.
"""
from __future__ import annotations

import asyncio
import sys

CHUNK = 1 << 16


async def pump(reader, writer, delay: float) -> None:
    """Pass on in order; reading goes on while the bytes are on their way."""
    loop = asyncio.get_running_loop()
    way: asyncio.Queue = asyncio.Queue(256)

    async def arrive():
        while True:
            due, data = await way.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    arriving = asyncio.create_task(arrive())
    try:
        data = b'-'
        while data:
            data = await reader.read(CHUNK)
            await way.put((loop.time() + delay, data))
        await arriving
    finally:
        arriving.cancel()


async def connect(near_reader, near_writer, target: str, delay: float) -> None:
    far_writer = None
    try:
        await asyncio.sleep(3 * delay)
        host, port = target.rsplit(':', 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(near_reader, far_writer, delay), pump(far_reader, near_writer, delay))
    except OSError:
        pass
    finally:
        for writer in filter(None, (near_writer, far_writer)):
            writer.close()


async def main(milliseconds: str, *lines: str) -> None:
    delay = float(milliseconds) / 2000
    for line in lines:
        near, target = line.split('=')
        host, port = near.rsplit(':', 1)
        await asyncio.start_server(lambda r, w, target=target: connect(r, w, target, delay), host, int(port), backlog=256)
    print('ready', flush=True)
    await asyncio.Event().wait()


if __name__ == '__main__':
    asyncio.run(main(*sys.argv[1:]))
