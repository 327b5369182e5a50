"""What the endpoints share: handed to the application when it is made, reached through the request."""

from typing import Annotated

from fastapi import Depends, Request

from service.api.event_feed import EventFeed
from service.store.database import Database


# Both are `async`, because a plain function would cost a change of thread for looking something up.
async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _event_feed(request: Request) -> EventFeed:
    feed: EventFeed = request.app.state.event_feed
    return feed


DatabaseOf = Annotated[Database, Depends(_database)]
EventFeedOf = Annotated[EventFeed, Depends(_event_feed)]
