"""The data, arms, trials, tables, figures and conclusions of the study of Jang et al. (2021)."""
