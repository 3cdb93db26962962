import asyncio

from _q import circuit


async def work(x):
    await asyncio.sleep(0.01)
    return float(circuit(x))


async def main():
    print(await asyncio.gather(work(0.1), work(0.2)))


asyncio.run(main())
