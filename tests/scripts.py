"""Running the scripts of "Show the code" as a reader would."""

import contextlib
import io


def run_script(code: str) -> dict[str, object]:
    """The variables a script leaves behind; what it prints is kept from the test's output, but must be something."""
    variables: dict[str, object] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "snippet", "exec"), variables)
    assert printed.getvalue().strip()
    return variables
