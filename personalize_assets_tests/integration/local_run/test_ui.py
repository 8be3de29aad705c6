"""Where the UI can listen."""

from __future__ import annotations

import socket

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run import ui


def test_a_port_that_is_taken_is_named_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PersonalizeAssetsError) as caught:
            ui.check_free("127.0.0.1", port)

    assert str(caught.value) == (
        f"the UI cannot listen on 127.0.0.1:{port}: Address already in use; name another port with --port"
    )
