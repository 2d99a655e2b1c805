"""ecgapp: 12-lead ECGs read with pretrained networks. Research software, not a medical device."""

__version__ = "0.3.0"
