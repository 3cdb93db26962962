import asyncio

from _q import circuit


async def main():
    process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
    print(float(circuit(0.1)))
    print(await process.wait())


asyncio.run(main())
