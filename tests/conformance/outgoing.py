async def client(stage):
    pass
