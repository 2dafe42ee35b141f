"""The story of the demonstration: the steps are the same, and so is their evidence (lab/ptlab/story.py)."""

import pytest

from ptlab.story import Story


@pytest.mark.parametrize("step", [name for name, _ in Story.STEPS])
def test_step(story, step):
    story.play(step)
