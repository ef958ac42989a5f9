"""From annotations of long videos to stories: what is told when (Vript, ActivityNet Captions, our own captions) becomes equal clips."""
