"""A shim's process, from the fork to its end."""

from __future__ import annotations

import os
from typing import NoReturn

from engine.runtime import faults, messages
from engine.runtime.shim import Shim
from schemas.errors import EngineError


def main(id: str, reply: messages.Socket, jobs: messages.Socket, *, adopt: bool) -> NoReturn:
    """Be the shim of container ``id``; ``reply`` gets one message when it runs or has failed.

    ``jobs`` leads to the launcher's builders.
    """
    code = 1
    try:
        os.setsid()
        shim = Shim(id, reply)
        shim.adopt() if adopt else shim.begin(jobs)
        jobs.close()  # the builders end when nobody can ask them any more
        shim.loop.run()
        code = 0
    except EngineError as err:
        messages.tell(reply, messages.from_error(err))
    except BaseException:  # noqa: BLE001 - the process ends here whatever it was, and the log must say why
        faults.note_exception(id)
    finally:
        os._exit(code)
