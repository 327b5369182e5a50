"""What the endpoints share: handed to the application when it is made, reached through the request."""

from typing import Annotated

from fastapi import Depends, Request

from service.access.caller import Caller
from service.api.access import ADMISSION, Admission
from service.api.event_feed import EventFeed
from service.api.predictor import Predictor
from service.dataset_intake import DatasetIntake
from service.errors import Unauthorized
from service.examination.examiner import Examiner
from service.settings import Settings
from service.store.database import Database


# All are `async`, because a plain function would cost a change of thread for looking something up.
async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _event_feed(request: Request) -> EventFeed:
    feed: EventFeed = request.app.state.event_feed
    return feed


async def _dataset_intake(request: Request) -> DatasetIntake:
    intake: DatasetIntake = request.app.state.dataset_intake
    return intake


async def _predictor(request: Request) -> Predictor:
    predictor: Predictor = request.app.state.predictor
    return predictor


async def _examiner(request: Request) -> Examiner:
    examiner: Examiner = request.app.state.examiner
    return examiner


async def _caller(request: Request) -> Caller:
    admission: Admission | None = request.scope.get(ADMISSION)
    if admission is None or admission.caller is None:
        raise Unauthorized("this address needs a token")
    return admission.caller


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


DatabaseOf = Annotated[Database, Depends(_database)]
CallerOf = Annotated[Caller, Depends(_caller)]
DatasetIntakeOf = Annotated[DatasetIntake, Depends(_dataset_intake)]
PredictorOf = Annotated[Predictor, Depends(_predictor)]
ExaminerOf = Annotated[Examiner, Depends(_examiner)]
SettingsOf = Annotated[Settings, Depends(_settings)]
EventFeedOf = Annotated[EventFeed, Depends(_event_feed)]
